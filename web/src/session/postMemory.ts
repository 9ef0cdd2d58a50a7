import { drafts } from './drafts'

/** Which post a context was of, so that after a new sign-in the same post opens again. In memory only. */
const posts = new Map<string, { organization: string; membership: number }>()

export const postMemory = {
  keep: (context: string, post: { organization: string; membership: number }) =>
    void posts.set(context, post),
  recall: (context: string) => posts.get(context),
  clear: () => {
    posts.clear()
    drafts.clear()
  },
}
