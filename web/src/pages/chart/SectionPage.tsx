import { useParams } from '@tanstack/react-router'
import { type ComponentType, lazy, Suspense } from 'react'
import { DocumentsPart } from '@/pages/documents/DocumentsPart'
import { StayPart } from '@/pages/stays/StayPart'
import { AccessesPart } from './AccessesPart'
import { AlertsPart } from './AlertsPart'
import { AllergiesPart } from './AllergiesPart'
import { CarePlanPart } from './CarePlanPart'
import { ConsentsPart } from './ConsentsPart'
import { ContactsPart } from './ContactsPart'
import { CoveragePart } from './CoveragePart'
import { ImmunizationsPart } from './ImmunizationsPart'
import { MedicationsPart } from './MedicationsPart'
import { NotesPart } from './NotesPart'
import { ProblemsPart } from './ProblemsPart'
import { RelationshipsPart } from './RelationshipsPart'
import { ResultsPart } from './ResultsPart'
import { isSection, type SectionKey } from './sections'
import { VitalsPart } from './VitalsPart'

/** Large, and with words of its own. */
const FamilyPart = lazy(() => import('@/pages/family/FamilyPart').then((it) => ({ default: it.FamilyPart })))
const KeepingPart = lazy(() =>
  import('@/pages/erasures/KeepingPart').then((it) => ({ default: it.KeepingPart })),
)
const MarPart = lazy(() => import('@/pages/medications/MarPart').then((it) => ({ default: it.MarPart })))

const parts: Record<SectionKey, ComponentType> = {
  vitals: VitalsPart,
  medications: MedicationsPart,
  mar: MarPart,
  problems: ProblemsPart,
  allergies: AllergiesPart,
  notes: NotesPart,
  documents: DocumentsPart,
  results: ResultsPart,
  'care-plan': CarePlanPart,
  immunizations: ImmunizationsPart,
  alerts: AlertsPart,
  stays: StayPart,
  contacts: ContactsPart,
  coverage: CoveragePart,
  consents: ConsentsPart,
  family: FamilyPart,
  relationships: RelationshipsPart,
  accesses: AccessesPart,
  keeping: KeepingPart,
}

/** The section in the address. That there is one was seen to before. */
export function SectionPage() {
  const { section } = useParams({ from: '/signed-in/c/$context/charts/patients/$patient/$section' })
  const Part = isSection(section) ? parts[section] : null
  return (
    Part && (
      <Suspense>
        <Part key={section} />
      </Suspense>
    )
  )
}
