"""`ctenhance models`: what is installed; `ctenhance models verify` checks every hash and loads every weight."""

from __future__ import annotations

import argparse

from CTEnhanceLib.model.folder import describe_model, find_model, installed_models, load_stack, open_model


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser("models", help="list the installed models, with hashes and model cards")
    parser.add_argument("action", nargs="?", choices=("list", "verify", "card"), default="list")
    parser.add_argument("model", nargs="*", metavar="NAME|DIR", help="only these; default: all installed")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """List, verify, or show the cards."""
    for name in args.model or installed_models():
        if args.action == "verify":
            stack = load_stack(name)
            print(f"{stack.spec.name}: all files as their hashes say, {len(stack.modules)} generators load")
        elif args.action == "card":
            print(open_model(name).card)
        else:
            described = describe_model(open_model(name))
            low, high = described["interval_range_mm"]
            span = f"{low:g} mm" if low == high else f"{low:g} to {high:g} mm"
            print(f"{described['name']}  ({described['method']}, intervals of {span})")
            print(f"  {described['description']}")
            print(f"  sha256 {described['sha256']}")
            print(f"  card   {find_model(name) / 'MODEL_CARD.md'}")
