/** Where things stand in the kernels' memory of one page; what is worked on at once fits into a processor's first caches. */
export const layout = {
  /** Two tables of 64 floats: what quantizing multiplies with, row by row. */
  factors: 0,
  factorsBytes: 256,
  /** Eight rows of samples, each of so many bytes: a component, or more of them side by side. */
  samples: 1024,
  samplesPitch: 2048,
  /** 64 words each, row by row. */
  blocks: 1024 + 8 * 2048,
  blocksMax: 256,
  /** Eight bytes each: which coefficients of each row are not zero, the first one's bit the lowest. */
  masks: 1024 + 8 * 2048 + 256 * 128,
  /** Red, green and blue by pixel: a line of at most 1024, which are 64 units of four blocks. */
  colours: 1024 + 8 * 2048 + 256 * 128 + 256 * 8,
} as const;

/** In a line of samples of colour: where chrominance begins. Luminance has twice as many. */
export const chrominanceAt = { blue: 1024, red: 1536 } as const;
