/**
 * What the upper layer wants to be limited by; the values stand in src/limits.ts. Every reader and timer of this folder
 * takes them as a required argument.
 */

export interface UpperLayerLimits {
  /** A-ASSOCIATE-RQ and -AC: the variable field, read only up to this. */
  readonly associatePduBytesMax: number;
  readonly presentationContextsMax: number;
  readonly transferSyntaxesPerContextMax: number;
  /** Sub-items of the user information, known and unknown ones together. */
  readonly userSubItemsMax: number;
  /** Items of unknown type outside of the user information; they are skipped, but not without end. */
  readonly unknownItemsMax: number;
  /** What we announce as Maximum Length (51H): the longest P-DATA-TF variable field that we take. Even. */
  readonly pduLengthBytesMax: number;
  /** The longest P-DATA-TF variable field that we send, also to a peer that announced more or no maximum. */
  readonly sentPduLengthBytesMax: number;
  /** A peer that announces less than this is refused. */
  readonly peerPduLengthBytesMin: number;
  readonly pdvsPerPduMax: number;
  /** Time for one whole PDU to arrive, or for the peer to take what we sent, on an established association. */
  readonly associationIdleMs: number;
  /** PS3.8 9.1.4 */
  readonly artimMs: number;
  /** As requestor: from the connection to the A-ASSOCIATE-AC or -RJ. */
  readonly acceptTimeoutMs: number;
  /** From our A-RELEASE-RQ to the peer's A-RELEASE-RP. */
  readonly releaseTimeoutMs: number;
  /** Per direction. One AES-GCM key must not protect more than some 360 GiB (RFC 9325 4.4). */
  readonly associationBytesMax: number;
}
