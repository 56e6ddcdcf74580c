/* Resolves each argument with getaddrinfo and prints "name: address ..." or "name: absent". Built with glibc and, statically, with musl. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **names)
{
	for (int i = 1; i < count; i++) {
		struct addrinfo hints, *found;
		memset(&hints, 0, sizeof hints);
		hints.ai_family = AF_UNSPEC;
		hints.ai_socktype = SOCK_STREAM;
		hints.ai_flags = AI_ADDRCONFIG;
		int error = getaddrinfo(names[i], NULL, &hints, &found);
		if (error != 0) {
			printf("%s: %s\n", names[i], error == EAI_NONAME ? "absent" : gai_strerror(error));
			continue;
		}
		printf("%s:", names[i]);
		for (struct addrinfo *one = found; one != NULL; one = one->ai_next) {
			char text[INET6_ADDRSTRLEN];
			void *address = one->ai_family == AF_INET6
				? (void *)&((struct sockaddr_in6 *)one->ai_addr)->sin6_addr
				: (void *)&((struct sockaddr_in *)one->ai_addr)->sin_addr;
			printf(" %s", inet_ntop(one->ai_family, address, text, sizeof text));
		}
		printf("\n");
		freeaddrinfo(found);
	}
	return 0;
}
