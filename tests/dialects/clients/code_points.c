/* Sends each character of a wide string in 32 bits, at a pace. */
// dialect: char-bits=32,chars=unicode,ack=none
// auto: yes, all characters are code points
// bytes: 60
// lossy: yes
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

int main(int argc, char **argv) {
    if (argc != 3 || !setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    pid_t server = atoi(argv[1]);
    size_t count = strlen(argv[2]) + 1;
    wchar_t *text = calloc(count, sizeof *text);

    mbstowcs(text, argv[2], count);
    for (wchar_t *c = text;; c++) {
        for (int i = 31; i >= 0; i--) {
            kill(server, (uint32_t)*c >> i & 1 ? SIGUSR2 : SIGUSR1);
            usleep(500);
        }
        if (*c == L'\0')
            return 0;
    }
}
