/* A classic minitalk client, as students write them: the bits of a NUL-terminated text, most significant first, SIGUSR1
 * for 0 and SIGUSR2 for 1.
 *
 *   classic PID paced MESSAGE    waits until each bit is taken, and handles no signal: an answer would kill it
 *   classic PID acked MESSAGE    waits for SIGUSR1 after each bit
 *   classic PID becomes MESSAGE  likewise, then becomes a shell that sends a bit and handles nothing
 *   classic PID leaves MESSAGE   likewise, with a handler for SIGUSR2 too, then becomes a program that only sleeps
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "taken.h"

static volatile sig_atomic_t acked;

static void on_ack(int sig) {
    (void)sig;
    acked = 1;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    pid_t server = atoi(argv[1]);
    int waits = strcmp(argv[2], "paced") != 0;
    if (waits)
        signal(SIGUSR1, on_ack);
    if (strcmp(argv[2], "leaves") == 0)
        signal(SIGUSR2, on_ack);
    for (const char *p = argv[3];; p++) {
        for (int bit = 7; bit >= 0; bit--) {
            acked = 0;
            if (kill(server, (*p >> bit & 1) ? SIGUSR2 : SIGUSR1) != 0)
                return 1;
            if (waits)
                while (!acked)
                    usleep(100);
            else
                wait_until_taken(server);
        }
        if (*p == '\0')
            break;
    }
    if (strcmp(argv[2], "becomes") == 0) {
        execl("/bin/sh", "sh", "-c", "kill -USR1 $0; sleep 0.2", argv[1], NULL);
        return 1;
    }
    if (strcmp(argv[2], "leaves") == 0) {
        execlp("sleep", "sleep", "0.5", NULL);
        return 1;
    }
    usleep(100000); /* time to be killed by an acknowledgement, if one comes */
    return 0;
}
