/* Sends each character in 21 bits, which are as many as a code point has. */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t g_is_taken;

static void taken(int sig) {
    (void)sig;
    g_is_taken = 1;
}

static void send_wide(pid_t server, wchar_t c) {
    for (long mask = 1L << 20; mask; mask >>= 1) {
        g_is_taken = 0;
        kill(server, c & mask ? SIGUSR2 : SIGUSR1);
        while (!g_is_taken)
            usleep(50);
    }
}

int main(int argc, char **argv) {
    static wchar_t text[10000];

    setlocale(LC_ALL, "C.UTF-8");
    if (argc != 3 || mbstowcs(text, argv[2], 9999) == (size_t)-1)
        return 1;
    signal(SIGUSR1, taken);
    for (size_t i = 0; i == 0 || text[i - 1]; i++)
        send_wide(atoi(argv[1]), text[i]);
    return 0;
}
