export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** What a cookie says; anything else follows the system. */
export function themeOf(cookie: string | undefined): Theme {
  return themes.find((theme) => theme === cookie) ?? 'system'
}
