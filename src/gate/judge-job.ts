import { type Claim, parseClaim } from "./claim.ts";
import { type Asked, type DecisionLine, type GateFacts, rerun, short } from "./facts.ts";
import type { NeededJob } from "./needs.ts";

/** The name of the output that hands a claim on. */
export const claimOutput = "verdict";

export interface JudgedJob {
  passed: boolean;
  line: DecisionLine;
}

/** Whether one needed job proves that what is asked for was rehearsed and passed. */
export function judgeJob(job: NeededJob, asked: Asked, facts: GateFacts): JudgedJob {
  const text = job.outputs[claimOutput];
  const parsed = text === undefined || text === "" ? undefined : parseClaim(text);
  const problem =
    problemOfJob(job, parsed) ??
    problemOfText(job, parsed) ??
    (parsed && "claim" in parsed ? problemOfClaim(job, parsed.claim, asked, facts) : undefined);
  if (problem !== undefined) return { passed: false, line: problem };
  // Asked once more, in full: the lines above explain, this one opens.
  if (job.result === "success" && parsed && "claim" in parsed && parsed.claim.result === "passed") {
    const { summary, head, base } = parsed.claim;
    const line = { text: `${job.name}: ${summary} (${short(head)} into ${asked.into} at ${short(base)})` };
    return { passed: head === asked.head && base === asked.base, line };
  }
  return { passed: false, line: { text: `${job.name}: no rehearsal passed.`, fix: rerun } };
}

type Parsed = ReturnType<typeof parseClaim> | undefined;

/** What is wrong with how the job ended. */
function problemOfJob({ name, result }: NeededJob, parsed: Parsed): DecisionLine | undefined {
  switch (result) {
    case "success":
      return undefined;
    case "failure":
      return problemOfFailure(name, parsed);
    case "cancelled":
      return { text: `${name}: the job was cancelled before it had passed.`, fix: rerun };
    case "skipped":
      return {
        text: `${name}: the job was skipped, so nothing was rehearsed.`,
        fix: "Let it run without `if:`, and without needing a job that is skipped or fails: whether there is anything to rehearse is decided inside.",
      };
    default:
      return { text: `${name}: the job ended as "${result}", which the gate does not know.`, fix: rerun };
  }
}

function problemOfFailure(name: string, parsed: Parsed): DecisionLine {
  if (parsed === undefined || "problem" in parsed) {
    return { text: `${name}: the job failed without a verdict.`, fix: "Its log says why." };
  }
  return (
    problemOfResult(name, parsed.claim) ?? {
      text: `${name}: the rehearsal passed, but the job failed in another step.`,
      fix: "Its log says which.",
    }
  );
}

/** What is wrong with the text that should be a claim. */
function problemOfText({ name }: NeededJob, parsed: Parsed): DecisionLine | undefined {
  if (parsed === undefined) {
    return {
      text: `${name}: the job ended well, but says nothing of a rehearsal.`,
      fix: `Hand the step's output on with \`outputs:\` of the job, as \`${claimOutput}\`. GitHub drops an output that contains a secret.`,
    };
  }
  if ("claim" in parsed) return undefined;
  return {
    text: `${name}: what the job hands on as \`${claimOutput}\` is no verdict: ${parsed.problem}.`,
    fix: "Hand on the action's output as it is, and use one release for both actions.",
  };
}

function problemOfResult(name: string, { result, summary }: Claim): DecisionLine | undefined {
  switch (result) {
    case "passed":
      return undefined;
    case "failed":
      return { text: `${name}: the change does not work: ${summary}`, fix: "Mend it, and push." };
    case "misused":
      return { text: `${name}: Rehearsal is set up wrongly: ${summary}`, fix: "The job's log says where." };
    case "infrastructure":
      return { text: `${name}: the rehearsal could not be carried out: ${summary}`, fix: rerun };
  }
}

/** What is wrong with a claim that can be read. */
function problemOfClaim(
  { name }: NeededJob,
  claim: Claim,
  asked: Asked,
  { run, instance }: GateFacts,
): DecisionLine | undefined {
  const problem = problemOfResult(name, claim);
  if (problem !== undefined) return problem;
  if (instance !== undefined && claim.instance !== instance) {
    return {
      text: `${name}: this is about the instance "${claim.instance}", and the gate asks for "${instance}".`,
      fix: "Give both actions the same `instance`.",
    };
  }
  // An earlier attempt of this run will do: re-running failed jobs keeps the outputs of those that ended well.
  const [id, attempt] = claim.run.split(".").map(Number);
  if (id !== run.id || attempt === undefined || attempt > run.attempt) {
    return {
      text: `${name}: this is from the run ${claim.run}, and the gate decides on ${run.id}.${run.attempt}.`,
      fix: "Rehearse in the gate's own workflow, and hand on the action's output as it is.",
    };
  }
  if (claim.head !== asked.head) {
    return {
      text: `${name}: ${shortOf(claim.head)} was rehearsed, and not ${short(asked.head)}.`,
      fix: "Check out and rehearse the commit that the event names.",
    };
  }
  if (claim.base !== asked.base) {
    return {
      text: `${name}: the merge into ${shortOf(claim.base)} was rehearsed, and ${asked.into} is ${short(asked.base)} now.`,
      fix: asked.rebase,
    };
  }
  return undefined;
}

function shortOf(sha: string | undefined): string {
  return sha === undefined ? "no known commit" : short(sha);
}
