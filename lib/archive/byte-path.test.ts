import { expect, test } from 'vitest'
import { displayPath, toBytePath } from './byte-path.ts'

const shown = (text: string) => displayPath(toBytePath(text))
const zwnj = '\u200c'
const zwj = '\u200d'

test.each([
  ['a family', '👨\u200d👩\u200d👧\u200d👦.jpg'],
  ['a woman who programs, with a skin tone', '👩🏽\u200d💻'],
  ['a rainbow flag', '🏳️\u200d🌈 party'],
  ['Persian: “I want”', `می${zwnj}خواهم.txt`],
  ['Persian: “books”, behind a mark', `کتاب\u0651${zwnj}ها`],
  ['Hindi: an open ksha', `क्${zwnj}ष`],
  ['Sinhala: “Sri”', `ශ්${zwj}රී`],
  ['Malayalam: “nanma”', `നന്${zwj}മ`],
])('%s is shown as it is written', (_, name) => {
  expect(shown(name)).toBe(name)
})

test.each([
  ['in an English word', `pay${zwj}roll`, 'pay\\u200droll'],
  ['at the beginning', `${zwnj}a`, '\\u200ca'],
  ['at the end of a Hindi word', `क्${zwj}`, 'क्\\u200d'],
  ['after a vowel', `का${zwnj}ष`, 'का\\u200cष'],
  ['twice in a row', `क्${zwnj}${zwnj}ष`, 'क्\\u200c\\u200cष'],
  ['after an Arabic letter that joins nothing', `را${zwnj}ه`, 'را\\u200cه'],
  ['of the wrong kind in Persian', `می${zwj}خ`, 'می\\u200dخ'],
  ['between emoji that are none together', `👍${zwj}👍`, '👍\\u200d👍'],
  ['behind an emoji', `👩${zwj}💻${zwj}.exe`, `👩${zwj}💻\\u200d.exe`],
])('a joiner %s joins nothing, and is told', (_, name, told) => {
  expect(shown(name)).toBe(told)
})

test.each([
  ['annexe\u202egpj.exe', 'annexe\\u202egpj.exe'],
  ['a\u2066b\u200e\u200f\u061c', 'a\\u2066b\\u200e\\u200f\\u061c'],
  ['a\u200bb\ufeff\u00ad\u2060', 'a\\u200bb\\ufeff\\u00ad\\u2060'],
  ['🏴\u{e0067}\n\u2028\u001b', '🏴\\u{e0067}\\u000a\\u2028\\u001b'],
])('what is not seen, or turns what is seen round, is escaped: %j', (name, told) => {
  expect(shown(name)).toBe(told)
})

test('bytes that are no text', () => {
  expect(displayPath('caf\xe9')).toBe('caf\\xe9')
})
