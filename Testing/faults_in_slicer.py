"""What was found in a real Slicer 5.13, as faults to put back (see `broken_on_purpose`)."""

from __future__ import annotations

from fault import Fault

_VIEWS = "scene/comparison/test_view_host.py"
_USE = "panel/desktop/test_whole_use.py"
_BLEND = "scene/comparison/test_blend.py"


FAULTS_IN_SLICER = (
    Fault(
        "slicer 1: views are framed once, before Slicer has moved them",
        "scene/comparison/views/steady_frames.py",
        "AGAIN_AFTER_MS = (0, 50, 200, 600)",
        "AGAIN_AFTER_MS = ()",
        (_VIEWS, "every_slice_view_shows_bone and fracture"),
    ),
    Fault(
        "slicer 1: each column has a zoom of its own",
        "scene/comparison/views/framing.py",
        "        leader = leaders.setdefault(view.node.GetOrientation(), view)\n",
        "        leader, margin = view, margin * (1.5 if view.tag[3] == 'T' else 1.0)\n",
        (_VIEWS, "views_of_one_orientation_have_one_frame"),
    ),
    Fault(
        "slicer 1: a loaded comparison is brought to the middle of the bone",
        "scene/comparison/comparison.py",
        "        comparison._framed = {",
        "        comparison._unused = {",
        (_VIEWS, "opens_on_the_slices_it_was_saved_with"),
    ),
    Fault(
        "slicer 2: the widest layout is taken, whatever the window",
        "scene/comparison/views/layouts.py",
        "return next((form for form in self.forms if form.width <= width), self.forms[-1])",
        "return self.forms[0]",
        (_VIEWS, "no_layout_makes_the_window_wider and laptop and fracture"),
    ),
    Fault(
        "slicer 2: the panel needs 380 pixels",
        "../Resources/UI/Compare.ui",
        '<widget class="QLabel" name="figuresLabel">',
        '<widget class="QLabel" name="figuresLabel"><property name="minimumSize"><size><width>380</width>'
        "<height>0</height></size></property>",
        ("panel/test_width.py", "fits_300_pixels and chosen"),
    ),
    Fault(
        "slicer 3: the plot's view is asked for its node, which only its widget knows",
        "panel/compare/figures_section.py",
        "node = widget.mrmlPlotViewNode()",
        "node = widget.plotView().mrmlPlotViewNode()",
        (_USE, "a_click_in_the_plot"),
    ),
    Fault(
        "slicer 3: a click in the plot moves in all directions",
        "scene/comparison/comparison.py",
        "self.jump((here + ((there - here) @ along) * along).tolist())",
        "self.jump(there.tolist())",
        (_USE, "a_click_in_the_plot"),
    ),
    Fault(
        "slicer 4: a button raises and looks dead",
        "panel/compare/figures_section.py",
        "    @reported\n    def _pressed",
        "    def _pressed",
        ("panel/test_slots.py", "figures_section"),
    ),
    Fault(
        "slicer 4: SSIM with other constants than scikit-image's",
        "evaluation/measures/metrics.py",
        "SSIM_K1, SSIM_K2 = 0.01, 0.03",
        "SSIM_K1, SSIM_K2 = 0.01, 0.05",
        ("evaluation/measures/test_metrics.py", "ssim"),
    ),
    Fault(
        "slicer 5: the label goes while what is shown changes",
        "scene/comparison/comparison.py",
        "            self._view_setup.remove()\n",
        "            self._labels.remove()\n            self._view_setup.remove()\n",
        (_VIEWS, "mark_is_there_at_any_moment"),
    ),
    Fault(
        "slicer 6: the reveal shows its first result until the mouse moves",
        "scene/comparison/blend.py",
        "        self._algorithm.Modified()\n",
        "        pass\n",
        (_VIEWS, "both_sides_are_on_the_screen"),
    ),
    Fault(
        "slicer 6: no border between two volumes in one view",
        "scene/comparison/blend.py",
        "        self._lines.SetLines(cells)\n",
        "        pass\n",
        (_BLEND, "border_is_drawn or squares_have_borders"),
    ),
    Fault(
        "slicer 6: two volumes in one view have no names",
        "scene/comparison/blend.py",
        "    actor.SetInput(name.word)\n",
        '    actor.SetInput("")\n',
        (_BLEND, "border_is_drawn or squares_have_borders"),
    ),
    Fault(
        "slicer 7: what belongs to a slice view stays behind",
        "scene/comparison/views/own_views.py",
        "belongings = slice_belongings(view) if isinstance(view, SliceView) else []",
        "belongings: list = []",
        (_VIEWS, "leaving_leaves_nothing_behind and laptop"),
    ),
    Fault(
        "slicer 7: cameras are removed too early and come back",
        "scene/comparison/views/own_views.py",
        "CAMERA_GOES_AFTER_MS = 60",
        "CAMERA_GOES_AFTER_MS = 0",
        (_VIEWS, "leaving_leaves_nothing_behind and laptop"),
    ),
    Fault(
        "slicer 7: the DataProbe calls views that are gone",
        "scene/comparison/views/data_probe.py",
        "    annotations = _annotations()\n    if annotations is None or",
        "    annotations = None\n    if annotations is None or",
        (_VIEWS, "leaving_leaves_nothing_behind and laptop"),
    ),
    Fault(
        "slicer 8: the comparison's empty layout stays when the scene is closed",
        "scene/comparison/comparison.py",
        "        self.view_host.show_layout(self.settings.layout_before)\n"
        "        remove_own_views(self.view_host, self._seen_",
        "        remove_own_views(self.view_host, self._seen_",
        (_VIEWS, "closing_the_scene"),
    ),
    Fault(
        "slicer 9: the crop box is filled",
        "scene/comparison/crop_box.py",
        "display.SetFillVisibility(False)",
        "display.SetFillVisibility(True)",
        ("panel/compare/test_section.py", "one_box_crops_both_sides"),
    ),
    Fault(
        "slicer 10: Views names the old layout after Figures",
        "panel/compare/figures_section.py",
        "        self._listen_to_plot()\n        self._comparison.show_state()\n",
        "        self._listen_to_plot()\n",
        ("panel/compare/test_section.py", "figures_without_a_reference"),
    ),
    Fault(
        "slicer 11: the self test opens the module in a way that leaves it not entered",
        "panel/self_test.py",
        'slicer.util.selectModule("CTEnhance")',
        "widget.enter()",
        ("panel/test_self_test.py", "opens_the_module_as_a_user_does"),
    ),
    Fault(
        "slicer 12: a table call that Slicer has given up",
        "scene/figures/tables.py",
        "SetUseColumnTitleAsColumnHeader(True)",
        "SetUseColumnNameAsColumnHeader(True)",
        ("scene/figures/test_figures.py", "without_a_word_on_the_console"),
    ),
    Fault(
        "slicer 7: figures taken again are added to those of before",
        "panel/compare/figures_section.py",
        "        for old in self._made.pop(key, ()):",
        "        for old in ():",
        (_USE, "whole_use"),
    ),
    Fault(
        "slicer 7: the DataProbe is asked while the views of a reading study go",
        "scene/reading/views.py",
        "        with annotations_off():",
        "        if True:",
        ("panel/desktop/test_reading.py", "sets_come_and_go and laptop"),
    ),
    Fault(
        "slicer 8: the empty layout of a reading study stays when the scene is closed",
        "scene/reading/views.py",
        "            self._bone = None\n        self.close()\n",
        "            self._bone = None\n",
        ("panel/desktop/test_reading.py", "closing_the_scene"),
    ),
    Fault(
        "label 1: long lines are shrunk until nobody can read them",
        "scene/comparison/labels.py",
        "        if share > _ROOM and actor is self._badge:",
        "        if share > _ROOM:",
        ("scene/comparison/test_labels.py", "can_be_read"),
    ),
    Fault(
        "label 1: the border of a blend is drawn over the label",
        "scene/comparison/comparison.py",
        "        self._labels.bring_to_front()\n",
        "",
        ("scene/comparison/test_labels.py", "after_the_borders"),
    ),
)
