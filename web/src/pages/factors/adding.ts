/** What every way of adding a factor tells the page it stands on. */
export interface AddProps {
  /** With the recovery codes when it was the first. */
  onAdded(codes: string[] | undefined): void
  /** The person did not want to prove that it is them. */
  onDeclined(): void
}
