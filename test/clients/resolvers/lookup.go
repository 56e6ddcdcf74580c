// Resolves each argument with Go's own resolver and prints "name: address ..." or "name: absent".
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

func main() {
	resolver := net.Resolver{PreferGo: true}
	for _, name := range os.Args[1:] {
		addresses, err := resolver.LookupHost(context.Background(), name)
		var dns *net.DNSError
		switch {
		case err == nil:
			fmt.Printf("%s: %s\n", name, strings.Join(addresses, " "))
		case errors.As(err, &dns) && dns.IsNotFound:
			fmt.Printf("%s: absent\n", name)
		default:
			fmt.Printf("%s: %v\n", name, err)
		}
	}
}
