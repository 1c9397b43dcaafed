// Over HTTP/1.1 a browser keeps six connections to one console, for all its tabs, and a stream holds one for as long as
// it is open: with six of them no link and no button would be answered any more. So each tab has few, and one that nobody
// sees has none.
const mostOpen = 2
const pauseMs = 3000

let open = 0
const waiting: (() => void)[] = []

/**
 * Follows an event stream while its tab is seen. Where more are wanted than may be open they take turns: each until it has
 * said something, and again after a pause.
 * @param onMessage whether that was the last
 * @param onLost the answer is no stream: the browser does not try again
 * @returns what ends it
 */
export function followInTurn(url: string, onMessage: (data: string) => boolean, onLost: () => void): () => void {
  let source: EventSource | undefined
  let pause: ReturnType<typeof setTimeout> | undefined

  const begin = () => {
    open += 1
    const mine = new EventSource(url)
    source = mine
    mine.onmessage = ({ data }: MessageEvent<string>) => {
      if (onMessage(data)) stop()
      else if (waiting.length > 0) {
        end()
        pause = setTimeout(ask, pauseMs)
      }
    }
    // A lost connection is made again by the browser; an answer that is no stream is not.
    mine.onerror = () => {
      if (mine.readyState !== EventSource.CLOSED) return
      stop()
      onLost()
    }
  }
  const ask = () => {
    if (open < mostOpen) begin()
    else waiting.push(begin)
  }
  const end = () => {
    if (!source) return
    source.close()
    source = undefined
    open -= 1
    waiting.shift()?.()
  }
  const leave = () => {
    clearTimeout(pause)
    const place = waiting.indexOf(begin)
    if (place >= 0) waiting.splice(place, 1)
    end()
  }
  // Seen again, it is told at once how things stand.
  const onSeen = () => {
    leave()
    if (document.visibilityState === 'visible') ask()
  }
  const stop = () => {
    document.removeEventListener('visibilitychange', onSeen)
    leave()
  }
  document.addEventListener('visibilitychange', onSeen)
  onSeen()
  return stop
}
