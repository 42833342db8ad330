#![doc = include_str!("../README.md")]

use std::ffi::{CString, c_char};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};

macro_rules! files {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!("../cpp/", $name)))),+] };
}

/// Every file of the emulated driver and compiler.
const FILES: &[(&str, &str)] = files![
    "device.h",
    "driver.cpp",
    "driver.h",
    "entry_points.cpp",
    "fibre.cpp",
    "fibre.h",
    "launch.cpp",
    "launch.h",
    "memory.cpp",
    "memory.h",
    "nvrtc.cpp",
    "queues.cpp",
    "stream.cpp",
    "stream.h",
];
const DRIVER: &[&str] =
    &["driver.cpp", "entry_points.cpp", "fibre.cpp", "launch.cpp", "memory.cpp", "queues.cpp", "stream.cpp"];
const COMPILER: &[&str] = &["nvrtc.cpp"];

/// How many devices there are.
pub const DEVICES: usize = 4;

/// The emulated libraries, once they are loaded.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// They stay loaded for as long as the process lives.
struct Loaded {
    driver: Library,
    compiler: Library,
}

/// Why the emulator could not be loaded.
#[derive(Debug)]
pub enum Error {
    /// A file could not be written or a program not started.
    Io(PathBuf, io::Error),
    /// The C++ compiler refused the emulator.
    Compiler(String),
    /// A library could not be loaded.
    Load(libloading::Error),
    /// [`load`] was not called.
    NotLoaded,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, why) => write!(f, "{}: {why}", path.display()),
            Self::Compiler(log) => write!(f, "the C++ compiler refused the emulator:\n{log}"),
            Self::NotLoaded => f.write_str("the emulator is not loaded yet"),
            Self::Load(why) => write!(f, "the emulator was built but not loaded: {why}"),
        }
    }
}
impl std::error::Error for Error {}

/// Builds the emulated `libcuda.so` and `libnvrtc.so` in `folder` where they are not there yet, and loads them into this
/// process, before anything else asks for a driver. What kernels are compiled to is kept in `folder` too.
///
/// # Errors
/// [`Error`] says which file, compiler or library failed.
pub fn load(folder: &Path) -> Result<(), Error> {
    load_without(folder, &[])
}

/// As [`load`], but the driver lacks the entry points of these names, as an old or broken one does.
///
/// # Errors
/// As [`load`].
pub fn load_without(folder: &Path, missing: &[&str]) -> Result<(), Error> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if loaded.is_some() {
        return Ok(());
    }
    let mut hasher = DefaultHasher::new();
    (FILES, missing).hash(&mut hasher);
    let own = folder.join(format!("emulator-{:016x}", hasher.finish()));
    std::fs::create_dir_all(&own).map_err(|e| Error::Io(own.clone(), e))?;
    let own = own.canonicalize().map_err(|e| Error::Io(own.clone(), e))?;
    for (name, text) in FILES {
        write(&own.join(name), text)?;
    }
    let driver = build(&own, "libcuda.so", DRIVER, missing)?;
    let compiler = build(&own, "libnvrtc.so", COMPILER, &[])?;

    // A library that is loaded already is found again by its soname, so `dlopen("libcuda.so")` gives this one.
    let driver = open(&driver)?;
    let compiler = open(&compiler)?;
    let path = |path: &Path| {
        CString::new(path.as_os_str().as_encoded_bytes())
            .map_err(|e| Error::Io(path.to_owned(), io::Error::new(io::ErrorKind::InvalidInput, e)))
    };
    let (libraries, language) = (path(&own)?, path(&own.join("device.h"))?);
    // SAFETY: the symbol is the function of this signature in nvrtc.cpp, and copies what it is given.
    unsafe {
        let set_folder: Symbol<unsafe extern "C" fn(*const c_char, *const c_char)> =
            compiler.get(b"emulated_set_folder\0").map_err(Error::Load)?;
        set_folder(libraries.as_ptr(), language.as_ptr());
    }
    *loaded = Some(Loaded { driver, compiler });
    Ok(())
}

/// Sets how many bytes of memory each device has, for tests of what happens when it is used up; 4 GiB at first.
///
/// # Errors
/// [`Error::NotLoaded`] if [`load`] was not called.
pub fn set_memory(bytes: usize) -> Result<(), Error> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Loaded { driver, .. }) = loaded.as_ref() else { return Err(Error::NotLoaded) };
    // SAFETY: the symbol is the function of this signature in entry_points.cpp.
    unsafe {
        let set: Symbol<unsafe extern "C" fn(usize)> =
            driver.get(b"emulated_set_memory\0").map_err(Error::Load)?;
        set(bytes);
    }
    Ok(())
}

/// What the driver refuses as if its compiler were newer; nothing at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing.
    Nothing,
    /// PTX, but not that which begins a line with `// in advance`.
    Ptx,
    /// That, and machine code.
    All,
}

/// Lets the driver refuse what a compiler newer than itself makes, for tests.
///
/// # Errors
/// [`Error::NotLoaded`] if [`load`] was not called.
pub fn refuse(what: Refused) -> Result<(), Error> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Loaded { driver, .. }) = loaded.as_ref() else { return Err(Error::NotLoaded) };
    // SAFETY: the symbol is the function of this signature in entry_points.cpp.
    unsafe {
        let refuse: Symbol<unsafe extern "C" fn(i32, i32)> =
            driver.get(b"emulated_refuse\0").map_err(Error::Load)?;
        refuse(i32::from(what != Refused::Nothing), i32::from(what == Refused::All));
    }
    Ok(())
}

/// Plants a fault, for tests: replaces `from` by `to` in every module that is compiled from now on, `None` in none.
///
/// # Errors
/// [`Error::NotLoaded`] if [`load`] was not called, [`Error::Io`] for a text with a zero byte.
pub fn plant(fault: Option<(&str, &str)>) -> Result<(), Error> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(Loaded { compiler, .. }) = loaded.as_ref() else { return Err(Error::NotLoaded) };
    let text = |text: &str| {
        CString::new(text).map_err(|e| {
            let wrong = io::Error::new(io::ErrorKind::InvalidInput, e);
            Error::Io(PathBuf::from(text), wrong)
        })
    };
    let (from, to) = fault.unwrap_or_default();
    let (from, to) = (text(from)?, text(to)?);
    // SAFETY: the symbol is the function of this signature in nvrtc.cpp, and copies what it is given.
    unsafe {
        let plant: Symbol<unsafe extern "C" fn(*const c_char, *const c_char)> =
            compiler.get(b"emulated_plant\0").map_err(Error::Load)?;
        plant(from.as_ptr(), to.as_ptr());
    }
    Ok(())
}

fn open(path: &Path) -> Result<Library, Error> {
    // SAFETY: the libraries were built from the files above; loading them runs no code but that of the C++ runtime.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL).map_err(Error::Load) }
}

/// Writes a file where it is not there; under another name first, since several processes may do so at once.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    let staged = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&staged, text)
        .and_then(|()| std::fs::rename(&staged, path))
        .map_err(|e| Error::Io(staged, e))
}

fn build(folder: &Path, name: &str, sources: &[&str], missing: &[&str]) -> Result<PathBuf, Error> {
    let library = folder.join(name);
    if library.exists() {
        return Ok(library);
    }
    let compiler = std::env::var("CXX").ok().filter(|c| !c.is_empty()).unwrap_or_else(|| "c++".to_owned());
    let staged = folder.join(format!("{name}.{}", std::process::id()));
    let output = Command::new(&compiler)
        .current_dir(folder)
        .args(["-std=c++17", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread"])
        .arg(format!("-Wl,-soname,{name}"))
        .args(missing.iter().map(|name| format!("-D{name}=missing_{name}")))
        .arg("-o")
        .arg(&staged)
        .args(sources)
        .arg("-ldl")
        .output()
        .map_err(|e| Error::Io(PathBuf::from(&compiler), e))?;
    if !output.status.success() {
        return Err(Error::Compiler(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    std::fs::rename(&staged, &library).map_err(|e| Error::Io(library.clone(), e))?;
    Ok(library)
}
