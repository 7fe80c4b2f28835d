/**
 * What DIMSE needs of an association (PS3.8): the upper layer's is one, and so is the scripted one of the tests. How
 * messages become PDVs and PDUs is the upper layer's.
 */
import type { Association } from '../upper-layer/association.ts';

export type { AssociationSink } from '../upper-layer/association.ts';
export type { EndReason } from '../upper-layer/protocol-machine.ts';

export type DimseAssociation = Pick<
  Association,
  | 'role'
  | 'request'
  | 'accept'
  | 'contexts'
  | 'receive'
  | 'sendMessage'
  | 'release'
  | 'respondRelease'
  | 'abort'
  | 'busy'
>;
