/** Sums of cosines, times 2^13, of the cosine transforms after Loeffler, Ligtenberg and Moschytz (ICASSP 1989). */
export const c0298 = 2446;
export const c0390 = 3196;
export const c0541 = 4433;
export const c0765 = 6270;
export const c0899 = 7373;
export const c1175 = 9633;
export const c1501 = 12_299;
export const c1847 = 15_137;
export const c1961 = 16_069;
export const c2053 = 16_819;
export const c2562 = 20_995;
export const c3072 = 25_172;
