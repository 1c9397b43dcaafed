import { useRouter } from 'next/navigation'
import { useEffect, useEffectEvent, useState } from 'react'
import { follow } from './follow.ts'

interface Options<T> {
  /** As components/ui/follow.ts names it. */
  readonly name: string
  readonly initial: T
  readonly hasEnded: (value: T) => boolean
  /** Of each answer, besides. */
  readonly onAnswer: (value: T) => void
}

/**
 * How something under way is, to its end. When its state changes, when it is gone and when whoever looks is signed out,
 * the page asks the server again.
 */
export function useFollowed<T extends { readonly state: string }>({
  name,
  initial,
  hasEnded,
  onAnswer,
}: Options<T>): {
  value: T
  /** Of when that is, in milliseconds since 1970, while the console does not answer. */
  lastAnswer: number | undefined
} {
  const router = useRouter()
  const [value, setValue] = useState(initial)
  const [lastAnswer, setLastAnswer] = useState<number>()
  const [first] = useState(initial)
  const tell = useEffectEvent((next: T, known: string) => {
    setValue(next)
    onAnswer(next)
    // The rest of the page names the state too.
    if (next.state !== known) router.refresh()
    return hasEnded(next)
  })
  const isOver = useEffectEvent(hasEnded)

  useEffect(() => {
    if (isOver(first)) return
    let known = first.state
    return follow<T>({
      name,
      told(next) {
        if (!next) {
          // Deleted by somebody.
          router.refresh()
          return true
        }
        const ended = tell(next, known)
        known = next.state
        return ended
      },
      silent: setLastAnswer,
      refused: () => router.refresh(),
    })
  }, [name, router, first])

  return { value, lastAnswer }
}
