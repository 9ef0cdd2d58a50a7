import type { Answer, Item } from '@/api/noteTypes'

/** What every input of a field is given. */
export interface InputProps {
  item: Item
  given: Answer[]
  id: string
  describedBy?: string
  zone: string
  disabled?: boolean
  invalid?: boolean
  /** What is wrong with what was typed; such words are no answer. */
  onFault?(fault: string | null): void
  onChange(given: Answer[]): void
}
