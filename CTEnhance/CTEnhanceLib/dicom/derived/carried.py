"""What a computed series keeps of the measured one: who, which study and trial, where, and how the X-rays were made."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

logger = logging.getLogger(__name__)

# not what describes the equipment (named as a contributor instead) or the acquisition of one image (exposure, table
# position, times), which no computed slice has; PS3.3 2024, keywords of PS3.6
_MODULES = {
    "Patient, C.7.1.1": """
        PatientName PatientID TypeOfPatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence PatientBirthDate
        PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar PatientAlternativeCalendar
        PatientSex PatientBirthTime QualityControlSubject ReferencedPatientSequence ReferencedPatientPhotoSequence
        OtherPatientIDs OtherPatientIDsSequence OtherPatientNames PatientBirthName PatientMotherBirthName
        EthnicGroup EthnicGroupCodeSequence PatientComments PatientAddress PatientTelephoneNumbers
        PatientTelecomInformation PatientReligiousPreference MilitaryRank BranchOfService CountryOfResidence
        RegionOfResidence PatientPrimaryLanguageCodeSequence PatientSpeciesDescription PatientSpeciesCodeSequence
        PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence StrainDescription
        StrainNomenclature StrainCodeSequence StrainAdditionalInformation StrainStockSequence
        GeneticModificationsSequence
        ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved DeidentificationMethod
        DeidentificationMethodCodeSequence SourcePatientGroupIdentificationSequence
        GroupOfPatientsIdentificationSequence PatientInsurancePlanCodeSequence""",
    "Clinical Trial Subject, Study and Series, C.7.1.3, C.7.2.3, C.7.3.2": """
        ClinicalTrialSponsorName ClinicalTrialProtocolID IssuerOfClinicalTrialProtocolID ClinicalTrialProtocolName
        OtherClinicalTrialProtocolIDsSequence ClinicalTrialSiteID IssuerOfClinicalTrialSiteID ClinicalTrialSiteName
        ClinicalTrialSubjectID IssuerOfClinicalTrialSubjectID ClinicalTrialSubjectReadingID
        IssuerOfClinicalTrialSubjectReadingID ClinicalTrialProtocolEthicsCommitteeName
        ClinicalTrialProtocolEthicsCommitteeApprovalNumber EthicsCommitteeApprovalEffectivenessStartDate
        EthicsCommitteeApprovalEffectivenessEndDate ClinicalTrialTimePointID IssuerOfClinicalTrialTimePointID
        ClinicalTrialTimePointDescription ClinicalTrialTimePointTypeCodeSequence LongitudinalTemporalOffsetFromEvent
        LongitudinalTemporalEventType LongitudinalTemporalInformationModified ConsentForClinicalTrialUseSequence
        ClinicalTrialCoordinatingCenterName ClinicalTrialSeriesID IssuerOfClinicalTrialSeriesID
        ClinicalTrialSeriesDescription""",
    "General Study, C.7.2.1": """
        StudyInstanceUID StudyDate StudyTime ReferringPhysicianName ReferringPhysicianIdentificationSequence
        ReferringPhysicianAddress ReferringPhysicianTelephoneNumbers ConsultingPhysicianName
        ConsultingPhysicianIdentificationSequence StudyID AccessionNumber IssuerOfAccessionNumberSequence
        StudyDescription PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
        PhysiciansReadingStudyIdentificationSequence RequestingPhysician RequestingPhysicianIdentificationSequence
        RequestingService RequestingServiceCodeSequence ReferencedStudySequence ProcedureCodeSequence
        ReasonForPerformedProcedureCodeSequence ReasonForStudy RequestedProcedureDescription
        RequestedProcedureCodeSequence RequestedContrastAgent StudyComments StudyStatusID StudyPriorityID""",
    "Patient Study, C.7.2.2": """
        AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientWeight
        PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension PatientSizeCodeSequence MedicalAlerts
        Allergies SmokingStatus PregnancyStatus LastMenstrualDate PatientState SpecialNeeds Occupation
        AdditionalPatientHistory PatientSexNeutered AdmissionID IssuerOfAdmissionID IssuerOfAdmissionIDSequence
        AdmittingDate AdmittingTime RouteOfAdmissions ServiceEpisodeID IssuerOfServiceEpisodeID
        IssuerOfServiceEpisodeIDSequence ServiceEpisodeDescription ReasonForVisit ReasonForVisitCodeSequence
        CurrentPatientLocation PatientInstitutionResidence VisitComments VisitStatusID""",
    "General Series, C.7.3.1": """
        ProtocolName BodyPartExamined AnatomicRegionSequence Laterality ImageLaterality PatientPosition
        PerformingPhysicianName PerformingPhysicianIdentificationSequence OperatorsName OperatorIdentificationSequence
        RequestAttributesSequence ReferencedPerformedProcedureStepSequence PerformedProcedureStepID
        PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepEndDate
        PerformedProcedureStepEndTime PerformedProcedureStepDescription PerformedProtocolCodeSequence
        CommentsOnThePerformedProcedureStep""",
    "where, of General Equipment, C.7.5.1, and SOP Common, C.12.1": """
        InstitutionName InstitutionAddress InstitutionCodeSequence InstitutionalDepartmentName
        InstitutionalDepartmentTypeCodeSequence TimezoneOffsetFromUTC""",
    "Frame of Reference, C.7.4.1": "FrameOfReferenceUID PositionReferenceIndicator",
    "Contrast/Bolus and CT Image, C.7.6.4, C.8.2.1": """
        ContrastBolusAgent ContrastBolusAgentSequence ContrastBolusRoute ContrastBolusAdministrationRouteSequence KVP
        FilterType AcquisitionNumber""",
    # once lossy, always lossy
    "General Image, C.7.6.1.1.5": "LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod",
}
_KEYWORDS = tuple(keyword for module in _MODULES.values() for keyword in module.split())


def carry_over(source: Dataset, target: Dataset) -> None:
    """Copy what a computed series keeps of the measured one; a value that breaks the standard is left out and said.

    Args:
        source: Header of a measured slice.
        target: Header of the computed ones.
    """
    broken = []
    for keyword in _KEYWORDS:
        if keyword not in source:
            continue
        element = source[keyword]
        if _is_valid(element):
            target[keyword] = element
        else:
            broken.append(keyword)
    if broken:
        # the value may name the patient: only the attribute is said
        logger.warning(
            "Not copied from the measured series, because the standard does not allow their values: %s.",
            ", ".join(broken),
        )


def _is_valid(element: DataElement) -> bool:
    """Tell whether a value is allowed for its VR (PS3.5 section 6.2), within sequences as well."""
    from pydicom import config
    from pydicom.valuerep import validate_value

    if element.VR == "SQ":
        return all(_is_valid(inner) for item in element.value for inner in item)
    if element.is_empty:
        return True
    values = element.value if element.VM > 1 else [element.value]
    try:
        for value in values:
            validate_value(element.VR, _as_written(value), config.RAISE)
    except Exception:  # each VR has its own way to refuse
        return False
    return True


def _as_written(value: Any) -> Any:
    """Give numbers in text (DS, IS) as they stand in the file."""
    written = getattr(value, "original_string", None)
    return value if written is None else written
