//! Prints the content of a file as hf-hub finds it:  reader ID REVISION FILE
use hf_hub::{api::sync::ApiBuilder, Repo, RepoType};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [id, revision, file] = &arguments[..] else { return Err("ID REVISION FILE".into()) };
    let repo = Repo::with_revision(id.clone(), RepoType::Model, revision.clone());
    let path = ApiBuilder::from_env().with_progress(false).build()?.repo(repo).get(file)?;
    println!("{}", std::fs::read_to_string(path)?);
    Ok(())
}
