import { Loader } from '@mantine/core'

/** A wait whose length is not known; `label` says for what. */
export function Busy({ label }: { label: string }) {
  return <Loader size="sm" role="progressbar" aria-label={label} />
}
