/**
 * Stands in for the head of @cornerstonejs/metadata in the console: the parts of it that Cornerstone's core takes, without its readers
 * of files and its rules for sorting instances, which want the dictionary of dcmjs.
 */
export * as Enums from '@cornerstonejs/metadata/enums';
export * as metaData from '@cornerstonejs/metadata/metaData';
import calibratedPixelSpacingMetadataProvider from '@cornerstonejs/metadata/utilities/calibratedPixelSpacingMetadataProvider';
import {
  calculateRadiographicPixelSpacing,
  getERMF,
  getPixelSpacingInformation,
} from '@cornerstonejs/metadata/utilities/getPixelSpacingInformation';
import imageIdToURI from '@cornerstonejs/metadata/utilities/imageIdToURI';
import isVideoTransferSyntax, { videoUIDs } from '@cornerstonejs/metadata/utilities/isVideoTransferSyntax';
import splitImageIdsBy4DTags, {
  generateFrameImageId,
  handleMultiframe4D,
} from '@cornerstonejs/metadata/utilities/splitImageIdsBy4DTags';

export const utilities = {
  calculateRadiographicPixelSpacing,
  calibratedPixelSpacingMetadataProvider,
  generateFrameImageId,
  getERMF,
  getPixelSpacingInformation,
  handleMultiframe4D,
  imageIdToURI,
  isVideoTransferSyntax,
  splitImageIdsBy4DTags,
  videoUIDs,
};
