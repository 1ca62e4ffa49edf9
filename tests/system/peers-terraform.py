#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Terraform with AWS_PROFILE on a plain profile, on one by credential_process
and on chained ones. Skipped where Terraform or its AWS provider (in a folder
that AWSFED_TF_PLUGINS or one of Terraform's own places names) is not
installed. TAP."""
import glob
import os
import shutil
import threading

import harness
import tap
from harness import PASSWORD, USER, role

PLAIN, PROCESS, DEEP = (role("111122223333", n) for n in (
    "Plain", "Process", "Deep"))
PLACES = (os.environ.get("AWSFED_TF_PLUGINS", ""), "/opt/tf-plugins",
          "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins")
MAIN = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
}
data "aws_caller_identity" "me" {}
output "me" { value = data.aws_caller_identity.me.arn }
"""


def plugins():
    for place in filter(None, PLACES):
        if glob.glob(place + "/*/hashicorp/aws/*/linux_*"):
            return place
    return None


def main():
    with harness.World() as w:
        w.sim.user(USER, password=PASSWORD, roles=[
            harness.pair(PLAIN), harness.pair(PROCESS)])
        w.sim.role(DEEP, trust=[PLAIN, PROCESS])
        w.profile("plain", role=PLAIN, reload=False)
        w.profile("process", role=PROCESS, reload=False,
                  awsfed__deliver="process")
        w.profile("deep", host=None, reload=False, role_arn=DEEP,
                  source_profile="plain")
        w.profile("live", host=None, reload=False, role_arn=DEEP,
                  source_profile="process", awsfed__deliver="file")
        w.ctl("reload")
        r = w.login("plain", "process", "live")
        tap.ok(r.rc == 0, "login", r)
        folder = os.path.join(w.base, "terraform")
        w.own(folder, 0o700, folder=True)
        w.write(os.path.join(folder, "main.tf"), MAIN)
        env = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        tf = [shutil.which("terraform"), "-chdir=" + folder]
        r = w.run([*tf, "init", "-no-color", "-input=false", "-backend=false",
                   "-plugin-dir=" + plugins()], timeout=120, **env)
        tap.ok(r.rc == 0, "terraform init", r)
        # Its provider takes seconds to start: all at once.
        said = {}

        def plan(profile):
            said[profile] = w.run(
                [*tf, "plan", "-no-color", "-input=false", "-lock=false"],
                timeout=200, AWS_PROFILE=profile, **env)

        wanted = {"plain": "Plain", "process": "Process", "deep": "Deep",
                  "live.live": "Deep"}
        threads = [threading.Thread(target=plan, args=(p,)) for p in wanted]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for profile, want in wanted.items():
            r = said[profile]
            tap.ok(r.rc == 0 and "assumed-role/%s/" % want in r.out,
                   "terraform plan, AWS_PROFILE=" + profile, r)


if not shutil.which("terraform"):
    tap.skip_all("terraform is not installed")
if plugins() is None:
    tap.skip_all("Terraform's AWS provider is not installed: "
                 "AWSFED_TF_PLUGINS names no folder with it")
harness.need()
tap.run(main)
