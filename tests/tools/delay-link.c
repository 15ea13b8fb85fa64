// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: delay-link MS NAME NAME
 *
 * A link that takes its time: makes two TAP devices (they can be moved to other
 * network namespaces once "ready" is printed) and carries what is sent into one to
 * the other, MS milliseconds later. Until it is killed. For kernels without
 * netem; root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 9100
#define QUEUE (1 << 15) /* frames on the way: more are lost, as on any link */

struct frame {
    int64_t due;
    uint16_t n;
    uint8_t data[FRAME_MAX];
};

struct way {
    int from, to;
    struct frame *v;
    unsigned head, tail; /* mod QUEUE */
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static int open_tap(const char *name)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r)) {
        fprintf(stderr, "delay-link: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

static void take(struct way *w, int64_t delay)
{
    for (;;) {
        struct frame *f = &w->v[w->tail % QUEUE];
        ssize_t n = read(w->from, f->data, sizeof f->data);
        if (n <= 0)
            return;
        if (w->tail - w->head == QUEUE - 1)
            continue;
        f->n = (uint16_t)n;
        f->due = now_us() + delay;
        w->tail++;
    }
}

/* The microseconds until the next is due. */
static int64_t deliver(struct way *w)
{
    int64_t now = now_us();
    for (; w->head != w->tail; w->head++) {
        struct frame *f = &w->v[w->head % QUEUE];
        if (f->due > now)
            return f->due - now;
        (void)!write(w->to, f->data, f->n);
    }
    return INT64_MAX;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: delay-link MS NAME NAME\n");
        return 1;
    }
    int64_t delay = (int64_t)(atof(argv[1]) * 1000);
    int a = open_tap(argv[2]), b = open_tap(argv[3]);
    struct way ways[] = {{a, b, calloc(QUEUE, sizeof(struct frame)), 0, 0},
                         {b, a, calloc(QUEUE, sizeof(struct frame)), 0, 0}};
    if (!ways[0].v || !ways[1].v)
        return 1;
    puts("ready");
    fflush(stdout);
    for (;;) {
        int64_t x = deliver(&ways[0]), y = deliver(&ways[1]);
        int64_t us = x < y ? x : y;
        struct timespec t = {us / 1000000, us % 1000000 * 1000};
        struct pollfd p[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
        if (ppoll(p, 2, us == INT64_MAX ? NULL : &t, NULL) < 0)
            return 1;
        take(&ways[0], delay);
        take(&ways[1], delay);
    }
}
