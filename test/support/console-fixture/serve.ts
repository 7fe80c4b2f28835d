/** `npm run console:fixture`: the console over an invented house, to work on its pages without a server. */
import { code, invitation, password } from './house.ts';
import { startConsoleFixture } from './fixture-server.ts';

const { origin } = await startConsoleFixture(Number(process.argv[2] ?? 8088));
console.log(`${origin}
  sign in    ada@, paul@, sina@ or tim@klinikum.example, password "${password}", code ${code}
  enrolment  ${origin}/enrol#${invitation}`);
