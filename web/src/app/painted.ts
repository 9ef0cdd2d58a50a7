/** The longest that a page waits for a frame, in ms: a tab that nobody sees draws none. */
const LONGEST = 60

/**
 * Once what was pressed is seen pressed. What is in memory already would else be built in the very moment of the click,
 * and the page would stand still until it is.
 */
export const painted = () =>
  new Promise<void>((resolve) => {
    const late = setTimeout(resolve, document.hidden ? 0 : LONGEST)
    requestAnimationFrame(() =>
      setTimeout(() => {
        clearTimeout(late)
        resolve()
      }),
    )
  })
