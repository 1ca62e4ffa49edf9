// SPDX-License-Identifier: Apache-2.0

// A program with version 1 of the AWS SDK for Go: for each line that it reads
// it prints its access key and who it is, or "failed" and why.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sts"
)

func ask(client *sts.STS) (string, error) {
	keys, err := client.Config.Credentials.Get()
	if err != nil {
		return "", err
	}
	who, err := client.GetCallerIdentity(nil)
	if err != nil {
		return "", err
	}
	return keys.AccessKeyID + " " + *who.Arn, nil
}

func main() {
	s, err := session.NewSession()
	if err != nil {
		fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	client := sts.New(s)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		said, err := ask(client)
		if err != nil {
			said = "failed " +
				strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(said)
	}
}
