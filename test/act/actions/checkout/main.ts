import { execFileSync } from "node:child_process";

const known = ["repository", "ref", "token", "fetch-depth", "persist-credentials"];
const input = (name: string) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";
for (const key of Object.keys(process.env)) {
  if (key.startsWith("INPUT_") && !known.includes(key.slice("INPUT_".length).toLowerCase()))
    throw new Error(`the stand-in for actions/checkout does not know the input ${key}`);
}

const { GITHUB_SERVER_URL: server, GITHUB_SHA: sha = "", GITHUB_WORKSPACE: workspace = "" } = process.env;
const git = (...args: string[]) =>
  execFileSync("git", args, { cwd: workspace, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });

const wanted = input("ref") || sha;
const all = input("fetch-depth") === "0";
git("init", "--quiet");
git("remote", "add", "origin", `${server}/${input("repository")}`);
const header = `AUTHORIZATION: basic ${btoa(`x-access-token:${input("token")}`)}`;
git("config", `http.${server}/.extraheader`, header);
if (all)
  git(
    "fetch",
    "--quiet",
    "--prune",
    "origin",
    "+refs/heads/*:refs/remotes/origin/*",
    "+refs/tags/*:refs/tags/*",
  );
// As the real one does: what the branches did not bring is asked for by name.
git("fetch", "--quiet", "--no-tags", ...(all ? [] : [`--depth=${input("fetch-depth")}`]), "origin", wanted);
git("checkout", "--quiet", "--force", "--detach", "FETCH_HEAD");
if (input("persist-credentials") !== "true") git("config", "--unset-all", `http.${server}/.extraheader`);
process.stdout.write(`checked out ${git("rev-parse", "HEAD")}`);
