/* The floor: an echo with the system calls of a data thread that looks nothing up. cc -O2 floor.c -o floor; ./floor PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, OCTETS = 4096 + 64, RECEIVE = 512 };

static unsigned char packets[BATCH][OCTETS];
static struct sockaddr_in clients[BATCH];
static struct iovec pieces[BATCH];
static struct mmsghdr headers[BATCH];
static const unsigned char address[16] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 0, 0, 1};

static size_t echo(unsigned char *packet, size_t octets) {
  size_t end = 12;
  while (end < octets && packet[end]) end += packet[end] + 1;
  end += 5;
  packet[2] |= 0x84;
  packet[3] = packet[9] = packet[11] = 0;
  packet[7] = 1;
  memcpy(packet + end, address, sizeof address);
  return end + sizeof address;
}

static void reset(void) {
  for (int i = 0; i < BATCH; i++) {
    pieces[i] = (struct iovec){packets[i], RECEIVE};
    headers[i].msg_hdr = (struct msghdr){
        .msg_name = &clients[i], .msg_namelen = sizeof clients[i], .msg_iov = &pieces[i], .msg_iovlen = 1};
  }
}

int main(int argc, char **argv) {
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0), buffer = 4 << 20;
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0)};
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local)) return perror("bind"), 1;
  for (;;) {
    reset();
    int received = recvmmsg(descriptor, headers, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < received; i++) pieces[i].iov_len = echo(packets[i], headers[i].msg_len);
    for (int sent = 0; sent < received;) {
      int more = sendmmsg(descriptor, headers + sent, received - sent, 0);
      sent += more > 0 ? more : 1;
    }
  }
}
