export const templates = {
  title: 'Note templates',
} as const
