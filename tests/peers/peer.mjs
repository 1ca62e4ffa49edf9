// SPDX-License-Identifier: Apache-2.0

// A program with version 3 of the AWS SDK for JavaScript: for each line that
// it reads it prints its access key and who it is, or "failed" and why.
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { createInterface } from "node:readline";

const sts = new STSClient({});
for await (const line of createInterface({ input: process.stdin })) {
	try {
		const who = await sts.send(new GetCallerIdentityCommand({}));
		const keys = await sts.config.credentials();
		console.log(keys.accessKeyId, who.Arn);
	} catch (e) {
		console.log("failed", String(e.message).replaceAll("\n", " "));
	}
}
