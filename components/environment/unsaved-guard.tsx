import { useRouter } from 'next/navigation'
import { lazy, Suspense, useEffect, useState } from 'react'

const AlertDialog = lazy(() => import('#components/ui/alert-dialog.tsx'))

/** Asks before unsaved changes are lost: to closing, to a link of this console, to the browser's Back. */
export function UnsavedGuard({ unsaved }: { unsaved: boolean }) {
  const router = useRouter()
  const [leave, setLeave] = useState<() => void>()

  useEffect(() => {
    if (!unsaved) return
    let leaving = false
    const ask = (go: () => void) =>
      setLeave(() => () => {
        leaving = true
        go()
      })

    const onUnload = (event: BeforeUnloadEvent) => {
      if (!leaving) event.preventDefault()
    }
    // Before Next's own links hear of the click.
    function onClick(event: MouseEvent) {
      if (
        event.defaultPrevented ||
        event.button !== 0 ||
        event.metaKey ||
        event.ctrlKey ||
        event.shiftKey ||
        event.altKey
      )
        return
      const link = event.target instanceof Element ? event.target.closest('a[href]') : null
      if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute('download')) return
      const to = new URL(link.href)
      if (to.origin !== location.origin || (to.pathname === location.pathname && to.search === location.search)) return
      event.preventDefault()
      event.stopPropagation()
      ask(() => router.push(to.pathname + to.search + to.hash))
    }
    // Back and Forward, where the browser lets a page say no to them.
    function onNavigate(event: NavigateEvent) {
      if (leaving || event.navigationType !== 'traverse' || !event.cancelable) return
      const { key } = event.destination
      event.preventDefault()
      ask(() => window.navigation?.traverseTo(key))
    }
    window.addEventListener('beforeunload', onUnload)
    document.addEventListener('click', onClick, { capture: true })
    window.navigation?.addEventListener('navigate', onNavigate)
    return () => {
      window.removeEventListener('beforeunload', onUnload)
      document.removeEventListener('click', onClick, { capture: true })
      window.navigation?.removeEventListener('navigate', onNavigate)
    }
  }, [unsaved, router])

  if (!leave) return null
  return (
    <Suspense>
      <AlertDialog
        open
        title="Leave without saving?"
        confirm="Leave"
        cancel="Stay"
        onConfirm={() => {
          setLeave(undefined)
          leave()
        }}
        onCancel={() => setLeave(undefined)}
      >
        <p>What you changed in these settings is not saved and will be lost.</p>
      </AlertDialog>
    </Suspense>
  )
}
