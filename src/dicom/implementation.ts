/** How Leadglass names itself to peers and in files: PS3.7 D.3.3.2 and PS3.10 7.1. */
import { knownUid, type Uid } from './uid.ts';

/** Under 2.25 (PS3.5 B.2). The same for all versions: a stranger should not learn from it which one runs. */
export const implementationClassUid: Uid = knownUid('2.25.244567613644238344318209020239121574019');
export const implementationVersionName = 'LEADGLASS';
