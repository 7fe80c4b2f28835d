/**
 * The upper layer's state machine as data: PS3.8 9.2, table 9-10. One row per event, one column per state; a cell names the
 * action and the state after it. An empty cell cannot happen (an event of the transport) or is a mistake of the caller
 * (a request of the local user). What the actions do is in protocol-machine.ts.
 */

/**
 * 1 idle; 2 connection open, awaiting A-ASSOCIATE-RQ; 3 awaiting the local answer to it; 4 awaiting the connection;
 * 5 awaiting A-ASSOCIATE-AC or -RJ; 6 established; 7 awaiting A-RELEASE-RP; 8 awaiting the local release response;
 * 9 to 12 release collision (9 requestor, local response; 10 acceptor, A-RELEASE-RP; 11 requestor, A-RELEASE-RP;
 * 12 acceptor, local response); 13 awaiting that the connection closes.
 */
export type State =
  | 'Sta1'
  | 'Sta2'
  | 'Sta3'
  | 'Sta4'
  | 'Sta5'
  | 'Sta6'
  | 'Sta7'
  | 'Sta8'
  | 'Sta9'
  | 'Sta10'
  | 'Sta11'
  | 'Sta12'
  | 'Sta13';

/** Evt1 to Evt19 of table 9-10, in its order. */
export type ProtocolEvent =
  | 'A-ASSOCIATE request'
  | 'connection confirmed'
  | 'A-ASSOCIATE-AC'
  | 'A-ASSOCIATE-RJ'
  | 'connection indicated'
  | 'A-ASSOCIATE-RQ'
  | 'A-ASSOCIATE accept'
  | 'A-ASSOCIATE reject'
  | 'P-DATA request'
  | 'P-DATA-TF'
  | 'A-RELEASE request'
  | 'A-RELEASE-RQ'
  | 'A-RELEASE-RP'
  | 'A-RELEASE response'
  | 'A-ABORT request'
  | 'A-ABORT'
  | 'connection closed'
  | 'ARTIM expired'
  | 'invalid PDU';

/** Tables 9-6 to 9-9. */
export type Action =
  | `AE-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`
  | `DT-${1 | 2}`
  | `AR-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10}`
  | `AA-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;

/** The state after each action; with two, the action decides (AE-6: acceptable or not; AR-8: requestor or acceptor). */
export const stateAfter = {
  'AE-1': ['Sta4'],
  'AE-2': ['Sta5'],
  'AE-3': ['Sta6'],
  'AE-4': ['Sta1'],
  'AE-5': ['Sta2'],
  'AE-6': ['Sta3', 'Sta13'],
  'AE-7': ['Sta6'],
  'AE-8': ['Sta13'],
  'DT-1': ['Sta6'],
  'DT-2': ['Sta6'],
  'AR-1': ['Sta7'],
  'AR-2': ['Sta8'],
  'AR-3': ['Sta1'],
  'AR-4': ['Sta13'],
  'AR-5': ['Sta1'],
  'AR-6': ['Sta7'],
  'AR-7': ['Sta8'],
  'AR-8': ['Sta9', 'Sta10'],
  'AR-9': ['Sta11'],
  'AR-10': ['Sta12'],
  'AA-1': ['Sta13'],
  'AA-2': ['Sta1'],
  'AA-3': ['Sta1'],
  'AA-4': ['Sta1'],
  'AA-5': ['Sta1'],
  'AA-6': ['Sta13'],
  'AA-7': ['Sta13'],
  'AA-8': ['Sta13'],
} as const satisfies Record<Action, readonly [State] | readonly [State, State]>;

type Row = Readonly<Partial<Record<State, Action>>>;

/** Established or releasing, where a PDU that does not belong is answered by AA-8. */
const unexpected = {
  Sta3: 'AA-8',
  Sta5: 'AA-8',
  Sta6: 'AA-8',
  Sta7: 'AA-8',
  Sta8: 'AA-8',
  Sta9: 'AA-8',
  Sta10: 'AA-8',
  Sta11: 'AA-8',
  Sta12: 'AA-8',
} as const satisfies Row;

/** Table 9-10. */
export const transitions: Readonly<Record<ProtocolEvent, Row>> = {
  'A-ASSOCIATE request': { Sta1: 'AE-1' },
  'connection confirmed': { Sta4: 'AE-2' },
  'A-ASSOCIATE-AC': { ...unexpected, Sta2: 'AA-1', Sta5: 'AE-3', Sta13: 'AA-6' },
  'A-ASSOCIATE-RJ': { ...unexpected, Sta2: 'AA-1', Sta5: 'AE-4', Sta13: 'AA-6' },
  'connection indicated': { Sta1: 'AE-5' },
  'A-ASSOCIATE-RQ': { ...unexpected, Sta2: 'AE-6', Sta13: 'AA-7' },
  'A-ASSOCIATE accept': { Sta3: 'AE-7' },
  'A-ASSOCIATE reject': { Sta3: 'AE-8' },
  'P-DATA request': { Sta6: 'DT-1', Sta8: 'AR-7' },
  'P-DATA-TF': { ...unexpected, Sta2: 'AA-1', Sta6: 'DT-2', Sta7: 'AR-6', Sta13: 'AA-6' },
  'A-RELEASE request': { Sta6: 'AR-1' },
  'A-RELEASE-RQ': { ...unexpected, Sta2: 'AA-1', Sta6: 'AR-2', Sta7: 'AR-8', Sta13: 'AA-6' },
  'A-RELEASE-RP': { ...unexpected, Sta2: 'AA-1', Sta7: 'AR-3', Sta10: 'AR-10', Sta11: 'AR-3', Sta13: 'AA-6' },
  'A-RELEASE response': { Sta8: 'AR-4', Sta9: 'AR-9', Sta12: 'AR-4' },
  'A-ABORT request': {
    Sta3: 'AA-1',
    Sta4: 'AA-2',
    Sta5: 'AA-1',
    Sta6: 'AA-1',
    Sta7: 'AA-1',
    Sta8: 'AA-1',
    Sta9: 'AA-1',
    Sta10: 'AA-1',
    Sta11: 'AA-1',
    Sta12: 'AA-1',
  },
  'A-ABORT': {
    Sta2: 'AA-2',
    Sta3: 'AA-3',
    Sta5: 'AA-3',
    Sta6: 'AA-3',
    Sta7: 'AA-3',
    Sta8: 'AA-3',
    Sta9: 'AA-3',
    Sta10: 'AA-3',
    Sta11: 'AA-3',
    Sta12: 'AA-3',
    Sta13: 'AA-2',
  },
  'connection closed': {
    Sta2: 'AA-5',
    Sta3: 'AA-4',
    Sta4: 'AA-4',
    Sta5: 'AA-4',
    Sta6: 'AA-4',
    Sta7: 'AA-4',
    Sta8: 'AA-4',
    Sta9: 'AA-4',
    Sta10: 'AA-4',
    Sta11: 'AA-4',
    Sta12: 'AA-4',
    Sta13: 'AR-5',
  },
  'ARTIM expired': { Sta2: 'AA-2', Sta13: 'AA-2' },
  'invalid PDU': { ...unexpected, Sta2: 'AA-1', Sta13: 'AA-7' },
};
