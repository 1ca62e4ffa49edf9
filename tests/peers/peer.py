# SPDX-License-Identifier: Apache-2.0
"""A program with boto3: for each line that it reads it prints its access key
and who it is, or "failed" and why."""
import sys

import boto3

session = sts = None
for _ in sys.stdin:
    try:
        if sts is None:
            session = boto3.Session()
            sts = session.client("sts")
        arn = sts.get_caller_identity()["Arn"]
        print(session.get_credentials().access_key, arn, flush=True)
    except Exception as e:
        print("failed", str(e).replace("\n", " "), flush=True)
