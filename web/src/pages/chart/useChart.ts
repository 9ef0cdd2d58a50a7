import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { createContext, useContext } from 'react'
import { chartQueries } from '@/api/chartQueries'
import type { Criteria } from '@/api/fhir'
import type { Of, Patient, Type } from '@/api/fhirTypes'
import { http } from '@/api/http'
import type { Me } from '@/api/types'
import { useMe } from '@/pages/context/useContextId'
import { isMerged } from './words'

/** Where a patient is: of the post's facilities the one that the record names, or the only one. */
export function facilityOf(me: Me, patient?: Patient) {
  const named = patient?.managingOrganization?.display
  const found = me.facilities.find((it) => it.name === named)
  return found ?? (me.facilities.length === 1 ? me.facilities[0] : undefined)
}

/** The zone in which times of this patient are told. */
export function zoneOf(me: Me, patient?: Patient): string {
  const facility = facilityOf(me, patient) ?? me.facilities[0]
  return facility?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The zone in which times of a patient are told who is not the page's. */
export function useZone(patient?: Patient): string {
  const { me } = useMe()
  return zoneOf(me, patient)
}

const WRITES = ['chart.write', 'notes.write', 'medications.give']

/** Whose chart something stands in that is shown outside of it. */
export const ChartOf = createContext<string | null>(null)

/** The patient of the page: their id stands in the address, or around a form outside of the chart. */
export function useChart() {
  const { context, me, may } = useMe()
  const around = useContext(ChartOf)
  const { patient: addressed } = useParams({ strict: false })
  const id = around ?? addressed
  if (id === undefined) throw new Error('no chart')
  const { data: patient } = useSuspenseQuery(chartQueries(context).patient(id))
  return {
    context,
    me,
    /** What may be done here: a chart that goes on in another, or is restricted, is read only. */
    may: (permission: string) =>
      may(permission) && !((isMerged(patient) || http.legal.has(id)) && WRITES.includes(permission)),
    id,
    patient,
    zone: zoneOf(me, patient),
    /** The name of a form of this patient's, whatever the context is called after a new sign-in. */
    draftKey: (form: string) => `${me.organization.slug}/${me.membership}/${id}/${form}`,
  }
}

/** The patient's records of a type; `null` when the type is hidden from the post. */
export function useRecords<T extends Type>(type: T, criteria?: Criteria, most?: number): Of<T>[] | null {
  const { context, id } = useChart()
  return useSuspenseQuery(chartQueries(context).records(type, id, criteria, most)).data
}
