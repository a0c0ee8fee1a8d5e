//! A kernel and a shell of Debian 13, fetched by apt into a separate directory, so that the packages of this system do not
//! change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Debian release; its kernels boot in the emulators of this release and of the previous one.
const RELEASE: &str = "trixie";

/// The fetched files.
pub struct Debian {
    pub kernel: PathBuf,
    pub busybox: PathBuf,
}

/// Fetches the package that `kernel` depends on, and busybox-static, for `architecture`, unless they are already there.
pub fn fetch(directory: &Path, architecture: &str, kernel: &str) -> Result<Debian, String> {
    let unpacked = directory.join("debian");
    if let Ok(there) = find(&unpacked) {
        return Ok(there);
    }
    let apt = Apt::new(&directory.join("apt"), architecture)?;
    apt.run("apt-get", &["update", "-qq"])?;
    let about = apt.run("apt-cache", &["show", &format!("{kernel}:{architecture}")])?;
    let kernel = dependency(&about).ok_or_else(|| format!("{kernel} depends on no kernel"))?;
    let names = [kernel, "busybox-static"].map(|name| format!("{name}:{architecture}"));
    apt.run("apt-get", &["download", "-qq", &names[0], &names[1]])?;
    let error = |error: std::io::Error| error.to_string();
    fs::create_dir_all(&unpacked).map_err(error)?;
    for entry in fs::read_dir(&apt.root).map_err(error)? {
        let package = entry.map_err(error)?.path();
        if package
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            output(
                Command::new("dpkg-deb")
                    .arg("-x")
                    .arg(&package)
                    .arg(&unpacked),
            )?;
            fs::remove_file(package).map_err(error)?;
        }
    }
    find(&unpacked)
}

/// Returns an apt command with a separate configuration, state and list of sources.
struct Apt {
    root: PathBuf,
}

impl Apt {
    fn new(root: &Path, architecture: &str) -> Result<Self, String> {
        let error = |error: std::io::Error| format!("{}: {error}", root.display());
        for directory in [
            "etc/apt/apt.conf.d",
            "etc/apt/preferences.d",
            "etc/apt/sources.list.d",
            "var/lib/dpkg",
            "var/lib/apt/lists/partial",
            "var/cache/apt/archives/partial",
        ] {
            fs::create_dir_all(root.join(directory)).map_err(error)?;
        }
        fs::write(root.join("var/lib/dpkg/status"), "").map_err(error)?;
        let source = format!(
            "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {} {RELEASE} main\n",
            archive()?
        );
        fs::write(root.join("etc/apt/sources.list"), source).map_err(error)?;
        let settings = format!(
            "Dir \"{}\";\nAPT::Architecture \"{architecture}\";\nAPT::Architectures \"{architecture}\";\n\
             Acquire::Languages \"none\";\nAPT::Sandbox::User \"\";\n",
            root.display()
        );
        fs::write(root.join("apt.conf"), settings).map_err(error)?;
        Ok(Self { root: root.into() })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        output(command.env("APT_CONFIG", self.root.join("apt.conf")))
    }
}

/// Returns the address from which this system gets its packages; it also serves other releases.
fn archive() -> Result<String, String> {
    let format = "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)";
    let targets = output(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    debian(&targets)
        .ok_or_else(|| "apt has no source of Debian's packages (apt-get indextargets)".into())
}

/// Returns the address in the first line of Debian's main archive, skipping that of updates.
fn debian(targets: &str) -> Option<String> {
    targets.lines().find_map(|line| {
        let mut words = line.split(' ');
        let is_debian = words.next() == Some("Debian") && words.next() == Some("main");
        let release = words.next()?;
        (is_debian && !release.contains('-')).then(|| words.next().map(String::from))?
    })
}

/// Returns the kernel package in the first line of a list of dependencies.
fn dependency(about: &str) -> Option<&str> {
    let depends = about
        .lines()
        .find_map(|line| line.strip_prefix("Depends: "))?;
    let words = depends.split([',', ' ', '|']);
    words
        .into_iter()
        .find(|word| word.starts_with("linux-image-"))
}

fn find(unpacked: &Path) -> Result<Debian, String> {
    let missing = |what: &str| format!("no {what} in {}", unpacked.display());
    let boot = fs::read_dir(unpacked.join("boot")).map_err(|_| missing("boot"))?;
    let is_kernel = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("vmlinu"))
    };
    let kernel = boot.flatten().map(|entry| entry.path()).find(is_kernel);
    let busybox = ["usr/bin/busybox", "bin/busybox"].map(|path| unpacked.join(path));
    Ok(Debian {
        kernel: kernel.ok_or_else(|| missing("kernel"))?,
        busybox: busybox
            .into_iter()
            .find(|path| path.exists())
            .ok_or_else(|| missing("busybox"))?,
    })
}

fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into()),
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "{program} ended with {}: {}",
                output.status,
                errors.trim()
            ))
        }
        Err(error) => Err(format!("cannot run {program}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_the_dependency_of_the_unversioned_package() {
        let about =
            "Package: linux-image-riscv64\nDepends: linux-image-6.12.1-riscv64 (= 6.12.1-1)\n";
        assert_eq!(dependency(about), Some("linux-image-6.12.1-riscv64"));
        assert_eq!(dependency("Package: x\n"), None);
    }

    #[test]
    fn updates_are_not_taken_for_the_archive() {
        let targets = "Other main x http://a\nDebian main trixie-updates http://b\nDebian main trixie http://c/debian/\n";
        assert_eq!(debian(targets).as_deref(), Some("http://c/debian/"));
        assert_eq!(debian("Other main x http://a\n"), None);
    }
}
