/**
 * The estimate itself: @zxcvbn-ts with its list of common passwords, its English and German words, and our users' keyboards. Loading
 * it takes a second; only the judging thread does.
 */
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as german } from '@zxcvbn-ts/language-de';
import { dictionary as english } from '@zxcvbn-ts/language-en';
import type { Judgement, JudgeQuestion } from './password-judge.ts';

const estimator = new ZxcvbnFactory({
  graphs: adjacencyGraphs,
  dictionary: {
    ...common,
    ...english,
    'commonWords-de': german.commonWords,
    'firstnames-de': german.firstnames,
    'lastnames-de': german.lastnames,
    'wikipedia-de': german.wikipedia,
  },
});
const commonPasswords = new Set(common['passwords-common'].map((password) => password.toLowerCase()));

export function judgePassword({ password, judgedUnits, words }: JudgeQuestion): Judgement {
  const lower = password.toLowerCase();
  const { guessesLog10 } = estimator.check(password.slice(0, judgedUnits), [...words]);
  return { isCommon: commonPasswords.has(lower), guessesLog10 };
}
