// truth: unsafe: the program looks at the number whatever the handler's flag says of it, and a signal comes between the two
#include "corpus.h"
static struct { volatile int is_large; volatile int size; } told;
static void handler(int s, siginfo_t *info, void *context) {
    (void)s; (void)context;
    told.size = info->si_value.sival_int / 1024;
    told.is_large = 1;
}
int main(void) {
    told.size = 500;
    INSTALL_INFO(SIGUSR1, handler);
    for (;;) {
        pause();
        if (told.is_large) printf("%d\n", told.size * 1024);
        else printf("%d\n", told.size);
    }
}
