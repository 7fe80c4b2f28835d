/** Which page is shown: by address, by who is signed in, and by what the role's navigation has. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { language, t } from './i18n/i18n.ts';
import { navigate, route } from './model/navigation.ts';
import { callbackPath, confirmPath } from './model/provider-trip.ts';
import type { Route } from './model/route.ts';
import { type Area, areasOf, currentSession, mayReview, session } from './model/session.ts';
import { useStore } from './model/store.ts';
import { theme } from './model/theme.ts';
import { AccountPage } from './pages/account/account-page.tsx';
import { AuthorizePage, WrongRequestPage } from './pages/authorize/authorize-page.tsx';
import { DeviceAddPage } from './pages/devices/device-add-page.tsx';
import { DevicePage } from './pages/devices/device-page.tsx';
import { DevicesPage } from './pages/devices/devices-page.tsx';
import { EmergenciesPage } from './pages/emergency/emergencies-page.tsx';
import { EmergencyPage } from './pages/emergency/emergency-page.tsx';
import { ReviewPage } from './pages/emergency/review-page.tsx';
import { EnrolPage } from './pages/enrol/enrol-page.tsx';
import { HomePage } from './pages/home/home-page.tsx';
import { LedgerPage } from './pages/ledger/ledger-page.tsx';
import { OpeningPage } from './pages/openings/opening-page.tsx';
import { OpeningsPage } from './pages/openings/openings-page.tsx';
import { PeoplePage } from './pages/people/people-page.tsx';
import { PersonPage } from './pages/people/person-page.tsx';
import { SettingsPage } from './pages/settings/settings-page.tsx';
import { CallbackPage, ConfirmPage } from './pages/sign-in/provider-pages.tsx';
import { SignInPage } from './pages/sign-in/sign-in-page.tsx';
import { StudiesPage } from './pages/studies/studies-page.tsx';
import { StudyPage } from './pages/studies/study-page.tsx';
import { UploadPage } from './pages/studies/upload-page.tsx';
import { ViewerDoor } from './pages/viewer/viewer-door.tsx';
import { ButtonLink } from './ui/button.tsx';
import { Empty, PageHead } from './ui/parts.tsx';
import { Shell } from './ui/shell.tsx';
import { StepUpDialog } from './ui/step-up-dialog.tsx';
import { Toasts } from './ui/toasts.tsx';

export function App(): JSX.Element {
  // Every text and every drawing depends on these two.
  useStore(language);
  useStore(theme);
  return (
    <>
      <Page />
      <StepUpDialog />
      <Toasts />
    </>
  );
}

function Page(): JSX.Element {
  const here = useStore(route);
  const who = useStore(session);
  if (here?.section === 'enrol') return <EnrolPage />;
  // The browser comes back from the hospital's sign-in, whoever is signed in.
  if (location.pathname === callbackPath) return <CallbackPage />;
  const question = here?.section === 'authorize' ? here.rest[0] : undefined;
  if (question === 'wrong') return <WrongRequestPage />;
  if (who.kind === 'unknown') return <div aria-busy="true" />;
  if (who.kind === 'signed-out') return <SignInPage ended={who.ended} />;
  if (location.pathname === confirmPath) return <ConfirmPage />;
  if (question !== undefined) return <AuthorizePage question={question} />;
  if (here?.section === 'sign-in') return <Elsewhere to="/" />;
  const areas = areasOf(who.session.account.role);
  const viewed = viewedStudy(here);
  if (viewed !== undefined && areas.includes('studies')) {
    // With the right that it was opened by, it ends.
    const key = `${viewed} ${who.session.emergency?.until ?? ''}`;
    return <ViewerDoor key={key} studyInstanceUid={viewed} />;
  }
  return (
    <Shell session={who.session} area={areaOf(here, areas)}>
      {/* A key of its own for each address and each right: nothing of one page's state stays on the next. */}
      <Content key={`${location.pathname} ${who.session.emergency?.until ?? ''}`} here={here} areas={areas} />
    </Shell>
  );
}

function Content({ here, areas }: { readonly here: Route | undefined; readonly areas: readonly Area[] }): JSX.Element {
  const found = here === undefined ? undefined : contentOf(here, areas);
  return found ?? <Missing />;
}

/** The viewer has the whole window to itself. */
function viewedStudy(here: Route | undefined): string | undefined {
  const [study, second, ...more] = here?.section === 'studies' ? here.rest : [];
  return second === 'viewer' && more.length === 0 ? study : undefined;
}

/** Whoever has no home page begins with the studies. */
function areaOf(here: Route | undefined, areas: readonly Area[]): Area | 'account' | undefined {
  if (here?.section === '') return areas[0];
  const section = here?.section;
  return section === 'sign-in' || section === 'enrol' || section === 'authorize' ? undefined : section;
}

function contentOf(here: Route, areas: readonly Area[]): JSX.Element | undefined {
  const area = areaOf(here, areas);
  const [first, second] = here.rest;
  if (area === 'account') return <AccountPage />;
  if (area === undefined || !areas.includes(area) || second !== undefined) return undefined;
  switch (area) {
    case 'home':
      return <HomePage />;
    case 'studies':
      if (first === 'upload') return <UploadPage />;
      return first === undefined ? <StudiesPage /> : <StudyPage studyInstanceUid={first} />;
    case 'devices':
      if (first === 'add') return <DeviceAddPage />;
      return first === undefined ? <DevicesPage /> : <DevicePage aeTitle={first} />;
    case 'openings':
      return first === undefined ? <OpeningsPage /> : <OpeningPage name={first} />;
    case 'emergency':
      if (!mayReview(currentSession()?.account.role)) return first === undefined ? <EmergencyPage /> : undefined;
      if (first === undefined) return <EmergenciesPage />;
      return /^\d{1,15}$/.test(first) ? <ReviewPage number={Number(first)} /> : undefined;
    case 'people':
      return first === undefined ? <PeoplePage /> : <PersonPage email={first} />;
    case 'ledger':
      return <LedgerPage />;
    case 'settings':
      return <SettingsPage />;
  }
}

function Elsewhere({ to }: { readonly to: string }): null {
  useEffect(() => navigate(to, { replace: true }), [to]);
  return null;
}

function Missing(): JSX.Element {
  return (
    <>
      <PageHead title={t('missing.title')} />
      <Empty icon="search" title={t('missing.head')}>
        <p>{t('missing.text')}</p>
        <ButtonLink href="/">{t('missing.back')}</ButtonLink>
      </Empty>
    </>
  );
}
