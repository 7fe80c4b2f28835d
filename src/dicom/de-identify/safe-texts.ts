/**
 * Short texts (LO, SH, UC, UR) outside table E.1-1 that stay: the standard says what stands in them, and it is about machines, codes
 * and pictures. All others get a dummy, although the table lets them be: people type into what they find.
 */
import { Tags } from '../dictionary/tags.generated.ts';
import type { Tag } from '../tag.ts';

export const safeTexts: ReadonlySet<Tag> = new Set<Tag>([
  Tags.CodeValue,
  Tags.CodingSchemeDesignator,
  Tags.CodingSchemeVersion,
  Tags.CodeMeaning,
  Tags.LongCodeValue,
  Tags.URNCodeValue,
  Tags.Manufacturer,
  Tags.ManufacturerModelName,
  Tags.SoftwareVersions,
  Tags.SequenceName,
  Tags.PulseSequenceName,
  Tags.ImagedNucleus,
  Tags.ReceiveCoilName,
  Tags.TransmitCoilName,
  Tags.MultiCoilElementName,
  Tags.ConvolutionKernel,
  Tags.FilterType,
  Tags.ReconstructionMethod,
  Tags.AttenuationCorrectionMethod,
  Tags.ScatterCorrectionMethod,
  Tags.Radiopharmaceutical,
  Tags.RescaleType,
  Tags.ModalityLUTType,
  Tags.WindowCenterWidthExplanation,
  Tags.LUTExplanation,
  Tags.StackID,
  Tags.DimensionDescriptionLabel,
  Tags.SegmentAlgorithmName,
  Tags.TriggerSourceOrType,
  Tags.TransducerData,
  Tags.ViewName,
  Tags.AcquisitionDeviceProcessingCode,
  Tags.CollimatorGridName,
]);

/** UIDs of classes and code systems: they name no instance, whoever registered them. */
export const classUids: ReadonlySet<Tag> = new Set<Tag>([
  Tags.SOPClassUID,
  Tags.ReferencedSOPClassUID,
  Tags.RelatedGeneralSOPClassUID,
  Tags.OriginalSpecializedSOPClassUID,
  Tags.SOPClassesInStudy,
  Tags.SOPClassesSupported,
  Tags.CodingSchemeUID,
  Tags.ContextUID,
  Tags.MappingResourceUID,
]);
