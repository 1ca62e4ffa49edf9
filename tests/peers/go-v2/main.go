// SPDX-License-Identifier: Apache-2.0

// A program with version 2 of the AWS SDK for Go: for each line that it reads
// it prints its access key and who it is, or "failed" and why.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func ask(c aws.Config, client *sts.Client) (string, error) {
	ctx := context.Background()
	keys, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	who, err := client.GetCallerIdentity(ctx, nil)
	if err != nil {
		return "", err
	}
	return keys.AccessKeyID + " " + *who.Arn, nil
}

func main() {
	c, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	client := sts.NewFromConfig(c)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		said, err := ask(c, client)
		if err != nil {
			said = "failed " +
				strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(said)
	}
}
