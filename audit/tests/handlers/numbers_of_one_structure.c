// expect: undecided
#include <signal.h>
#include <unistd.h>
struct server {
    char log[64];
    volatile sig_atomic_t stops, loading, wakes;
    pid_t pid;
};
static struct server server = {"/dev/null", 0, 0, 0, 0};
static void on(int s) {
    server.loading = s + 1;
    server.wakes = s;
}
int main(void) {
    signal(SIGTERM, on);
    while (server.loading == server.wakes + (server.wakes != 0)) pause();
    return !server.wakes;
}
