/**
 * Words that may stay in a cleaned description (PS3.15 E.3.5). Nothing can tell whether a free text names somebody, so a text is
 * not searched for what must go: what is not on this list goes.
 */
const list = `
  abdomen abdominal ac adc ankle ankles aorta aortic ap apex arm arms arterial artery asir asl average axial ax b0 b1000 b50 b500
  base baseline bilateral biopsy bladder blade body bolus bone bones bottom brachial brain breast breasts bravo breath c calf cardiac
  carotid carotids cavity cc cerebral cervical cervix chest cine clavicle cm coil colon colonography contrast cor coronal coronary cr
  crus ct cta ctdi cube cut cuts delay delayed deformity dental diffusion digital disc distal dixon dwi dti dual dx dynamic early
  echo elbow enhanced enteric epi equilibrium esophagus expiration ext extremity face facial fat fast fastview fdg femoral femur fiesta
  fiducial field filter finger flair flex flow fmri foot forearm frame frontal fse fsp full gad gadolinium gallbladder gated ge gradient
  gre hand hands haste head heart hepatic high hip hips hr humerus iac iliac image images inspiration internal inversion iodine ir
  iso isotropic joint kidney kidneys knee knees kub kv kvp lao large lat late lateral left leg legs level limb liver lobe localizer
  loc long low lower lumbar lung lungs maging mammo mammography map mask max maximum mean med medial mediastinum mg min minimum mip ml
  mlo mm mono motion mpr mprage mr mra mri mrcp ms multi muscle myelo nasal neck nephro nerve neuro nm no non none nose oblique obl
  occlusal of optic or orbit orbits organ out ovary pa pancreas panoramic parotid parallel patella pc pd pelvic pelvis perfusion pet
  phantom phase plain plane planar portal post posterior anterior pre pregnant prior prone propeller prostate protocol proximal pulmonary
  pulse quick radius rao rapid raw recon reconstruction rectum reformat reformatted renal resp respiratory rest right rib ribs roi
  rotation routine sacrum sag sagittal scan scanogram scapula scout screen screening se sella sequence series shoulder short shunt side
  sinus sinuses skull slab slice slices slow small smooth soft sp space spgr spect spect spine spin spinal spiral spleen ssfp standard
  static std stealth stir stress study supine surview survey swi swan systole diastole t1 t1w t2 t2w tap temporal test tfe thick thigh
  thin thoracic thorax throat thumb thyroid tibia time tir tissue tof toe tomo tomosynthesis tomography topogram total tra transverse
  tse tumor turbo ultrasound unilateral upper urethra urinary us uterus vascular vein vein venous ventricle vibe view views volume water
  weighted whole wholebody window with without wo w wrist xr xa x y z and the to for in at
`;

const safe: ReadonlySet<string> = new Set(list.split(/\s+/).filter((word) => word !== ''));

/** The safe words of a text in their order, with single spaces; '' when none is left. Numbers go: they may be anybody's. */
export function safeWordsOf(text: string): string {
  return text
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => safe.has(word.toLowerCase()))
    .join(' ');
}
