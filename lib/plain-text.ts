/** PostgreSQL takes no NUL, and a terminal should not take the rest. */
export const noControlCharacters = /^\P{Cc}*$/u

/** For what is shown as a name: besides, what turns the reading order shows another one. */
export const plainName = /^[^\p{Cc}\u202a-\u202e\u2066-\u2069]*$/u
