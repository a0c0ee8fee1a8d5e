/* Waits until a process has taken the SIGUSR1s and SIGUSR2s that it was sent: a signal that still finds one of its number
 * pending is lost, and how long that may be depends on the machine. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int has_pending(int pid) {
    char path[64], line[256];
    unsigned long long pending = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "ShdPnd: %llx", &pending) == 1)
            break;
    fclose(status);
    return (pending >> (SIGUSR1 - 1) & 1) | (pending >> (SIGUSR2 - 1) & 1);
}

static void wait_until_taken(int pid) {
    do
        usleep(5000);
    while (has_pending(pid));
}
