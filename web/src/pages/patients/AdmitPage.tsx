import { Anchor, Autocomplete, Button, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { chartQueries } from '@/api/chartQueries'
import { chartsIn } from '@/api/charts'
import { hasCode } from '@/api/errors'
import { fhirIn, isHidden } from '@/api/fhir'
import type { Patient } from '@/api/fhirTypes'
import { NotFoundPage } from '@/app/ErrorPages'
import { useTitle } from '@/app/useTitle'
import { ChartProblem } from '@/pages/chart/ChartProblem'
import { useMe } from '@/pages/context/useContextId'
import { useFacility } from '@/pages/context/useFacility'
import form from '@/pages/people/Form.module.css'
import { useRooms } from '@/pages/stays/useRooms'
import { useDraft } from '@/session/drafts'
import { today } from '@/texts/zone'
import { Notice } from '@/ui/Notice'
import { PageHead } from '@/ui/PageHead'
import { faultOf, likeThem, type Newcomer, type NewcomerField, newPatient } from './admission'
import { PatientLine } from './PatientLine'
import classes from './Patients.module.css'

export function AdmitPage() {
  const { may } = useMe()
  return may('chart.write') ? <Admit /> : <NotFoundPage />
}

const SEXES = ['female', 'male', 'other', 'unknown'] as const

function Admit() {
  const { t } = useTranslation()
  const { context, me, may } = useMe()
  const client = useQueryClient()
  const router = useRouter()
  const here = useFacility()
  const rooms = useRooms()
  const draft = useDraft<Newcomer>(`${me.organization.slug}/${me.membership}/admit`, () => ({
    given: '',
    family: '',
    birthDate: '',
    gender: '',
    facility: me.facilities.length === 1 ? (me.facilities[0]?.code ?? '') : here.code,
    phone: '',
    room: '',
    contactName: '',
    contactRelation: '',
    contactPhone: '',
  }))
  const { value } = draft
  const [tried, setTried] = useState(false)
  const [alike, setAlike] = useState<Patient[] | null>(null)
  const warning = useRef<HTMLDivElement>(null)
  const element = useRef<HTMLFormElement>(null)
  useTitle(t('admit.title'))
  useEffect(() => {
    if (alike) warning.current?.focus()
  }, [alike])

  const zone =
    me.facilities.find((it) => it.code === value.facility)?.time_zone ?? me.facilities[0]?.time_zone
  const day = today(zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone)
  const several = me.facilities.length > 1
  const faultIn = (field: NewcomerField) => faultOf(field, value, { day, several })

  const admit = useMutation({
    mutationFn: async ({ known }: { known: boolean }) => {
      const fhir = fhirIn(context)
      if (!known) {
        const types = await client.ensureQueryData(chartQueries(context).types())
        const found = await likeThem(fhir, value, types.get('Patient') ?? new Set())
        if (found.length > 0) return { alike: found }
      }
      // The same words sent again are the same admission.
      const key = draft.attempt(JSON.stringify(value), () => crypto.randomUUID())
      const facility = me.facilities.find((it) => it.code === value.facility)
      const organization = facility && here.organizationOf(facility.name)
      const made = await fhir.create('Patient', newPatient(value, facility?.name, organization), {
        key,
        facility: several ? value.facility : undefined,
      })
      // They stay here from now on. Sent again, they do already.
      await chartsIn(context)
        .admit(made.id, { room: rooms.placeOf(value.room) })
        .catch((error: unknown) => {
          if (!hasCode(error, 'already-admitted') && !isHidden(error)) throw error
        })
      return { made }
    },
    onSuccess: async (answer) => {
      if (answer.alike) return setAlike(answer.alike)
      draft.clear()
      await client.invalidateQueries({ queryKey: ['context', context, 'fhir', 'patients'] })
      void client.invalidateQueries({ queryKey: ['context', context, 'fhir', 'census'] })
      await router.navigate({
        to: '/c/$context/patients/$patient',
        params: { context, patient: answer.made.id },
      })
    },
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    if (admit.isPending) return
    setTried(true)
    const wrong = (Object.keys(value) as NewcomerField[]).find(faultIn)
    if (wrong) element.current?.querySelector<HTMLElement>(`[name=${wrong}]`)?.focus()
    else admit.mutate({ known: alike !== null })
  }
  const field = (name: NewcomerField) => {
    const fault = tried ? faultIn(name) : undefined
    return {
      name,
      label: t(`admit.${name}`),
      value: value[name],
      error: fault && t(`admit.fault_${fault}`),
      onChange: (event: { currentTarget: { value: string } }) => {
        draft.change({ ...value, [name]: event.currentTarget.value })
        // Another name or day is another question.
        if (name === 'given' || name === 'family' || name === 'birthDate') setAlike(null)
      },
    }
  }
  const text = (name: NewcomerField) => ({
    ...field(name),
    autoComplete: 'off',
    maxLength: 100,
    readOnly: admit.isPending,
  })
  return (
    <Stack gap="lg" className={classes.form}>
      <PageHead
        back={
          <Anchor renderRoot={(props) => <Link to="/c/$context/patients" params={{ context }} {...props} />}>
            ← {t('patients.title')}
          </Anchor>
        }
        title={t('admit.title')}
        lead={t('admit.lead')}
      />
      <form ref={element} onSubmit={submit} noValidate>
        <div className={form.panel}>
          <div className={form.two}>
            <TextInput {...text('given')} />
            <TextInput {...text('family')} />
            <TextInput {...text('birthDate')} type="date" max={day} />
            <NativeSelect
              size="md"
              {...field('gender')}
              disabled={admit.isPending}
              data={[
                { value: '', label: t('admit.pick') },
                ...SEXES.map((sex) => ({ value: sex, label: t(`chart.sex_${sex}`) })),
              ]}
            />
            {several && (
              <NativeSelect
                size="md"
                {...field('facility')}
                disabled={admit.isPending}
                data={[
                  { value: '', label: t('admit.pick') },
                  ...me.facilities.map((it) => ({ value: it.code, label: it.name })),
                ]}
              />
            )}
            <TextInput {...text('phone')} type="tel" inputMode="tel" />
            <Autocomplete
              size="md"
              {...text('room')}
              data={rooms.names}
              openOnFocus={false}
              limit={12}
              onChange={(room) => draft.change({ ...value, room })}
            />
          </div>
          <fieldset className={classes.group}>
            <legend>{t('admit.contact')}</legend>
            <div className={form.two}>
              <TextInput {...text('contactName')} />
              <TextInput {...text('contactRelation')} />
              <TextInput {...text('contactPhone')} type="tel" inputMode="tel" />
            </div>
          </fieldset>
          {alike && (
            <div ref={warning} tabIndex={-1}>
              <Stack gap="sm">
                <Notice kind="warn">{t('admit.alike', { count: alike.length })}</Notice>
                <ul className={classes.list} aria-label={t('admit.alikeList')}>
                  {alike.map((it) => (
                    <li key={it.id} className={classes.item}>
                      <PatientLine patient={it} label={t('admit.openThat')} />
                    </li>
                  ))}
                </ul>
                {alike[0] && alike[1] && may('patients.merge') && (
                  <Anchor
                    renderRoot={(props) => (
                      <Link
                        to="/c/$context/same/$patient"
                        params={{ context, patient: alike[0]?.id ?? '' }}
                        search={{ as: alike[1]?.id }}
                        {...props}
                      />
                    )}
                  >
                    {t('admit.twoAlike')}
                  </Anchor>
                )}
              </Stack>
            </div>
          )}
          {admit.isError && <ChartProblem error={admit.error} unsaved />}
          <div className={classes.buttons}>
            <Button type="submit" loading={admit.isPending}>
              {alike ? t('admit.another') : admit.isError ? t('chart.tryAgain') : t('admit.save')}
            </Button>
            <Button
              variant="default"
              disabled={admit.isPending}
              onClick={() => {
                draft.clear()
                router.navigate({ to: '/c/$context/patients', params: { context } })
              }}
            >
              {t('common.cancel')}
            </Button>
          </div>
        </div>
      </form>
    </Stack>
  )
}
