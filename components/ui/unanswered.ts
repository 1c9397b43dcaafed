import type { ActionError } from '#lib/action-result.ts'

/**
 * What is shown of an action whose answer never came: it may have been carried out all the same.
 * @param advice how to find out
 */
export const unanswered = (advice = 'Reload the page to see what happened.'): ActionError => ({
  status: 'error',
  message: `The console did not answer. ${advice}`,
})

/** The same of an action that does no harm when it is asked for twice. A page of an older version cannot reach it either. */
export const unansweredTryAgain = (): ActionError => ({
  status: 'error',
  message: 'The console did not answer, or was updated meanwhile. Reload the page and try again.',
})
