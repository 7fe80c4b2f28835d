import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fakeJudge, testLimits as limits } from '../people.test-support.ts';
import { judgePassword } from './judge-password.ts';
import { PasswordJudgeThread, type PasswordJudge } from './password-judge.ts';
import { passwordRefusal } from './password-policy.ts';
import { readPassword } from './password-text.ts';

const subject = {
  email: 'ada.berg@saint-mary.example',
  displayName: 'Dr. Ada Berg-Nørgård',
  houseWords: ['Saint Mary Hospital'],
};
const realJudge: PasswordJudge = {
  judge: (password, words) =>
    Promise.resolve(judgePassword({ password, words, judgedUnits: limits.passwordJudgedUnitsMax })),
};

async function codeOf(password: string, judge: PasswordJudge = realJudge): Promise<string | undefined> {
  return (await passwordRefusal(password, subject, { judge, limits }))?.code;
}

test('passwords that attackers try first are refused, with the reason', async () => {
  const expected: Record<string, string> = {
    password1: 'PASSWORD_COMMON',
    PASSWORD1: 'PASSWORD_COMMON',
    '12345678': 'PASSWORD_COMMON',
    iloveyou: 'PASSWORD_COMMON',
    qwertyuiop: 'PASSWORD_COMMON',
    'ada.berg@saint-mary.example': 'PASSWORD_PERSONAL',
    AdaBerg1984: 'PASSWORD_PERSONAL',
    'Saint-Mary-2027!': 'PASSWORD_PERSONAL',
    'nørgård-1234': 'PASSWORD_PERSONAL',
    Radiology2027: 'PASSWORD_PERSONAL',
    'dicom-pacs-01': 'PASSWORD_PERSONAL',
    'Röntgen 2027!': 'PASSWORD_PERSONAL',
    'leadglass-leadglass': 'PASSWORD_PERSONAL',
    aaaaaaaaaaaaaaaaaaaaaaaa: 'PASSWORD_GUESSABLE',
    abcabcabcabcabc: 'PASSWORD_GUESSABLE',
    'Sommer2026!': 'PASSWORD_GUESSABLE',
    P4ssw0rd: 'PASSWORD_GUESSABLE',
  };
  for (const [password, code] of Object.entries(expected)) {
    const found = await codeOf(password);
    assert.ok(
      found === code || (code === 'PASSWORD_GUESSABLE' && found === 'PASSWORD_COMMON'),
      `${password}: ${found}`,
    );
  }
});

test('passwords that nobody guesses are taken, of whatever kinds of characters they are', async () => {
  const good = [
    'kettle violin ocean brick',
    'wolkenbruch tasse elefant geige',
    'xK9#vQ2mLp',
    'zfhqwmpxkdvb',
    '849302716548',
    'пароль нельзя угадать никогда',
    '雨が降る夜の図書館で猫と',
    '🦊🛶🎻🧊🪐🌵🧩🪁',
    ' leading and trailing are kept ',
    'q'.padEnd(8, 'zX3!m9Rw'),
  ];
  for (const password of good) assert.equal(await codeOf(password), undefined, password);
});

test('length counts code points in normal form, at the limits, one below and one above', async () => {
  const { passwordCodePointsMin: min, passwordCodePointsMax: max } = limits;
  const judge: PasswordJudge = { judge: () => Promise.resolve({ isCommon: false, guessesLog10: 99 }) };
  const clef = '\u{1d11e}';
  for (const letter of ['x', 'é', 'e\u0301', clef]) {
    assert.equal(await codeOf(letter.repeat(min - 1), judge), 'PASSWORD_TOO_SHORT');
    assert.equal(await codeOf(letter.repeat(min), judge), undefined);
    assert.equal(await codeOf(letter.repeat(max), judge), undefined);
    assert.equal(await codeOf(letter.repeat(max + 1), judge), 'PASSWORD_TOO_LONG');
  }
});

test('what cannot be typed everywhere is refused: NUL, line ends, half of a surrogate pair', async () => {
  for (const bad of ['\0', '\n', '\t', '\u007f', '\u0085', '\ud800', '\udc00']) {
    assert.equal(await codeOf(`kettle violin ${bad} ocean`, fakeJudge), 'PASSWORD_CHARACTERS');
  }
});

test('a megabyte is refused before anything is done with it', async () => {
  let asked = false;
  const judge: PasswordJudge = {
    judge: () => {
      asked = true;
      return Promise.resolve({ isCommon: false, guessesLog10: 99 });
    },
  };
  for (const letter of ['x', '\u0390', 'e\u0301', '\ud800']) {
    assert.equal(await codeOf(letter.repeat(1024 * 1024), judge), 'PASSWORD_TOO_LONG');
  }
  assert.equal(asked, false);
});

test('every text is either read in normal form or refused with a code; both forms of a letter are one password', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (typed) => {
      const read = readPassword(typed, limits);
      if ('fault' in read) return;
      assert.equal(read.text, read.text.normalize('NFC'));
      assert.ok(read.codePoints >= limits.passwordCodePointsMin && read.codePoints <= limits.passwordCodePointsMax);
      assert.deepEqual(readPassword(typed.normalize('NFD'), { ...limits, passwordUnitsMax: 10_000 }), read);
    }),
  );
});

test('the judging thread answers in order, and takes no more than it may', async () => {
  await using judge = new PasswordJudgeThread({ passwordJudgedUnitsMax: 64, passwordJudgementsWaitingMax: 3 });
  const asked = ['password1', 'kettle violin ocean brick', 'dragon'].map((password) => judge.judge(password, []));
  await assert.rejects(judge.judge('x', []), { reason: 'busy' });
  const answers = await Promise.all(asked);
  assert.deepEqual(
    answers.map(({ isCommon }) => isCommon),
    [true, false, true],
  );
  assert.ok((answers[1]?.guessesLog10 ?? 0) > 15);
});

test('a judging thread that has ended takes no password', async () => {
  const judge = new PasswordJudgeThread(limits);
  await judge[Symbol.asyncDispose]();
  await assert.rejects(judge.judge('kettle violin ocean brick', []), { code: 'INTERNAL' });
});
