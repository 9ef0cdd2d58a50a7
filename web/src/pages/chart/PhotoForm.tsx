import { Button, FileInput, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { refreshPatient } from '@/api/chartQueries'
import { fhirIn } from '@/api/fhir'
import type { Attachment } from '@/api/fhirTypes'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'
import classes from './Banner.module.css'
import { ChartProblem } from './ChartProblem'
import { shrunk, sourceOf, TooBig } from './picture'
import form from './RecordForm.module.css'
import { useChart } from './useChart'
import { nameOf } from './words'

/** A face for the banner. The picture is made small here, and with it goes where and when it was taken. */
export function PhotoForm({ onDone }: { onDone(): void }) {
  const { t } = useTranslation()
  const { context, id, patient } = useChart()
  const client = useQueryClient()
  const [picked, setPicked] = useState<Attachment | null>(null)
  const [fault, setFault] = useState<'wrong' | 'tooBig' | null>(null)
  const save = useMutation({
    mutationFn: async (photo: Attachment | null) => {
      const standing = await fhirIn(context).read('Patient', id)
      await fhirIn(context).change(standing, { photo: photo ? [photo] : undefined })
    },
    onSuccess: async () => {
      await refreshPatient(client, context, id)
      onDone()
    },
  })
  async function pick(file: File | null) {
    setFault(null)
    setPicked(null)
    if (!file) return
    try {
      setPicked(await shrunk(file))
    } catch (error) {
      setFault(error instanceof TooBig ? 'tooBig' : 'wrong')
    }
  }
  const shown = sourceOf(picked ? [picked] : patient.photo)
  const name = nameOf(patient.name)
  return (
    <Dialog title={t('photo.title', { name })} onClose={save.isPending ? undefined : onDone}>
      <Stack gap="md">
        {shown && <img className={classes.large} src={shown} alt={t('photo.of', { name })} />}
        <FileInput
          size="md"
          label={t('photo.pick')}
          description={t('photo.hint')}
          accept="image/jpeg,image/png"
          disabled={save.isPending}
          onChange={pick}
          data-autofocus
        />
        {fault && <Notice kind="bad">{t(`photo.${fault}`)}</Notice>}
        <ChartProblem error={save.error} unsaved />
        <div className={form.buttons}>
          <Button disabled={!picked} loading={save.isPending} onClick={() => picked && save.mutate(picked)}>
            {t('photo.save')}
          </Button>
          {patient.photo && (
            <Button variant="default" disabled={save.isPending} onClick={() => save.mutate(null)}>
              {t('photo.remove')}
            </Button>
          )}
          <Button variant="default" disabled={save.isPending} onClick={onDone}>
            {t('common.cancel')}
          </Button>
        </div>
      </Stack>
    </Dialog>
  )
}
